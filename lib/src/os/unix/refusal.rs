//! The error of listening, before the name is added to it.

use crate::error::Obstacle;
use std::io;

/// Why a name cannot be listened on.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) obstacle: Option<Obstacle>,
    pub(super) error: io::Error,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self { obstacle: None, error }
    }
}

impl From<rustix::io::Errno> for Refusal {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

/// Returns the error of a name that is in use: `ResourceBusy` if only other processes that replace
/// names were in the way, else `AddrInUse`.
pub(super) fn in_use(obstacle: Obstacle) -> Refusal {
    let code = match obstacle {
        Obstacle::Contended(_) => libc::EBUSY,
        Obstacle::LiveServer(_)
        | Obstacle::Unprobed { .. }
        | Obstacle::NotASocket(_)
        | Obstacle::Displaced
        | Obstacle::LeftAside(_) => libc::EADDRINUSE,
    };
    Refusal { obstacle: Some(obstacle), error: io::Error::from_raw_os_error(code) }
}

/// Returns the error of an operation that needs `/proc`.
#[cfg(linux_like)]
pub(super) fn without_proc(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("{what}: /proc is not mounted"))
}
