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

/// Returns the error `AddrInUse` with its obstacle.
pub(super) fn in_use(obstacle: Obstacle) -> Refusal {
    Refusal { obstacle: Some(obstacle), error: io::Error::from_raw_os_error(libc::EADDRINUSE) }
}

/// Returns the error of an operation that takes `/proc`.
#[cfg(linux_like)]
pub(super) fn without_proc(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("{what}: /proc is not mounted"))
}
