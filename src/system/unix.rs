pub(crate) mod accounts;
pub(crate) mod command;
pub(crate) mod descriptor_limit;
pub(crate) mod descriptors;
pub(crate) mod inherited;
pub(crate) mod input;
#[cfg(target_os = "linux")]
pub(crate) mod kernel_pipe;
pub(crate) mod listening;
pub(crate) mod local_listener;
#[cfg(target_os = "linux")]
mod namespaces;
pub(crate) mod notify;
pub(crate) mod output;
mod path_walk;
pub(crate) mod pipes;
pub(crate) mod poll;
mod probing;
pub(crate) mod release;
pub(crate) mod signals;
pub(crate) mod socket;
#[cfg(target_os = "linux")]
mod socket_splice;
#[cfg(target_os = "linux")]
pub(crate) mod splice;
pub(crate) mod standing;
pub(crate) mod usage;

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Access, AtFlags, CWD, accessat},
    io::{Errno, retry_on_intr},
};
use std::{io, os::fd::AsFd, path::Path};

/// A timeout for calls that do not wait.
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Waits for one of the events, also if a signal interrupts the call.
fn wait(fds: &mut [PollFd<'_>], timeout: Option<&Timespec>) -> io::Result<usize> {
    Ok(retry_on_intr(|| poll(fds, timeout))?)
}

/// Waits for one event of one descriptor.
fn wait_for(fd: &impl AsFd, event: PollFlags) -> io::Result<()> {
    wait(&mut [PollFd::new(fd, event)], None).map(|_| ())
}

/// Returns the events of a closed or broken descriptor, which are always reported (`poll(2)`).
fn ended() -> PollFlags {
    PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL
}

/// Whether local sockets can be files.
pub(crate) const HAS_SOCKET_FILES: bool = true;

/// Whether a local socket can carry messages of zero bytes.
pub(crate) const HAS_EMPTY_MESSAGES: bool = false;

/// Whether there are pairs of connected sockets that a process can inherit.
pub(crate) const HAS_SOCKET_PAIRS: bool = true;

/// Whether an event loop can wait for plain pipes.
pub(crate) const CAN_WAIT_FOR_PIPES: bool = true;

/// Returns whether the effective user has a permission for a file; `None` if the system cannot say,
/// for example because a sandbox refuses the call.
fn may(path: &Path, permission: Access) -> Option<bool> {
    // Android checks for the real user only, which is the same one there.
    #[cfg(target_os = "android")]
    let flags = AtFlags::empty();
    #[cfg(not(target_os = "android"))]
    let flags = AtFlags::EACCESS;
    match accessat(CWD, path, permission, flags) {
        Ok(()) => Some(true),
        Err(Errno::ACCESS) => Some(false),
        Err(_) => None,
    }
}
