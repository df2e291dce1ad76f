//! What differs between systems for a program: its standard streams, its children, its
//! signals, and the options that only some of them have. Each system is a folder with
//! the same files in it.

mod listen_settings;
#[cfg(not(target_os = "linux"))]
mod no_splice;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as imp;
#[cfg(windows)]
use windows as imp;

pub(crate) use listen_settings::{AllowRule, ListenSettings};

pub(crate) use imp::{
    command, descriptor_limit,
    descriptors::Descriptors,
    inherited,
    input::Input,
    listening,
    local_listener::{LocalClient, LocalListener},
    output::{self, Output},
    pipes,
    readiness::Readiness,
    release::{kernel, name},
    signals,
    socket::{Detached, Socket},
    usage, waiting,
};
#[cfg(target_os = "linux")]
pub(crate) use imp::{kernel_pipe::KernelPipe, splice::Splicer};
#[cfg(not(target_os = "linux"))]
pub(crate) use no_splice::{KernelPipe, Splicer};

use local_socket::error::SocketError;
use std::{io, time::Duration};

/// What waiting for input came to.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// There is something to read, or the end of file.
    Input,
    /// The peer has closed both directions: nothing can be sent any more.
    PeerGone,
}

/// Which of the two can be read first.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Either {
    /// The input, or it is at its end.
    #[cfg_attr(windows, expect(dead_code, reason = "it cannot be told there"))]
    Input,
    /// The stream, or it is at its end; or that cannot be told.
    Stream,
}

/// What a socket shows of a peer that may have gone.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerState {
    /// The peer has closed without reading everything (`unix(7)`).
    pub(crate) was_reset: bool,
    /// If the peer has shut down both directions: how much it has not read yet, in a measure of
    /// the system's own. 0 if that cannot be told.
    pub(crate) unread: usize,
}

/// What a process has used of the machine.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Used {
    /// CPU time in user mode and in the kernel.
    pub(crate) cpu: Duration,
    /// Context switches, voluntary and involuntary ones, where they are counted.
    pub(crate) switches: Option<(u64, u64)>,
}

/// What an error of accepting says of the listener.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum AcceptError {
    /// It is that of one client, or it passes.
    Passes,
    /// The next client may be accepted; if not, the listener is broken.
    IsBrokenIfItPersists,
    IsBroken,
}

/// Returns what an error of accepting says of the listener (`accept(2)`).
pub(crate) fn accept_error(error: &io::Error) -> AcceptError {
    let system = SocketError::of(error).map_or(error, SocketError::system_error);
    match system.raw_os_error() {
        Some(code) => listening::accept_error(code),
        None if has_too_much_open(error) => AcceptError::Passes,
        None => AcceptError::IsBroken,
    }
}

/// The error of writing to standard output that was closed when the process started.
fn stdout_is_closed() -> io::Error {
    io::Error::other("standard output is closed")
}

/// Whether something may work again when other things of this system or process have ended
/// (`accept(2)`, `socket(2)`).
pub(crate) fn has_too_much_open(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    let system = SocketError::of(error).map_or(error, SocketError::system_error);
    error.kind() == io::ErrorKind::OutOfMemory
        || cfg!(unix) && matches!(system.raw_os_error(), Some(EMFILE | ENFILE))
}
