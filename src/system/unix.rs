mod accepting;
pub(crate) mod accounts;
pub(crate) mod command;
pub(crate) mod connect_probe;
pub(crate) mod descriptor_limit;
pub(crate) mod descriptors;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod event_loop;
pub(crate) mod folder_watch;
pub(crate) mod handover;
pub(crate) mod inherited;
pub(crate) mod input;
mod job_control;
pub(crate) mod journal;
pub(crate) mod keeper;
#[cfg(target_os = "linux")]
pub(crate) mod kernel_pipe;
pub(crate) mod linked_pty;
pub(crate) mod listening;
pub(crate) mod local_listener;
pub(crate) mod name_sockets;
#[cfg(target_os = "linux")]
mod namespaces;
pub(crate) mod notify;
pub(crate) mod output;
pub(crate) mod path_facts;
mod path_walk;
pub(crate) mod pipes;
pub(crate) mod poll;
mod probing;
pub(crate) mod process_watch;
pub(crate) mod pty;
mod pty_pair;
mod pty_settings;
pub(crate) mod raw_mode;
pub(crate) mod raw_terminal;
pub(crate) mod release;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod socket_file;
#[cfg(target_os = "linux")]
mod socket_splice;
pub(crate) mod socket_table;
#[cfg(target_os = "linux")]
pub(crate) mod splice;
#[cfg(target_os = "linux")]
mod splice_guard;
pub(crate) mod standing;
pub(crate) mod tcp;
pub(crate) mod usage;

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Access, AtFlags, CWD, accessat},
    io::{Errno, retry_on_intr},
};
use std::{fs, io, os::fd::AsFd, path::Path};

/// A socket that is watched by the event loop of its task.
#[cfg(any(target_os = "linux", target_os = "android"))]
type WatchedSocket = event_loop::WatchedSocket;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
type WatchedSocket = lsock_startup::Watched;

/// Returns the name of the program that a process runs (`proc(5)`); `None` if the system does not
/// report it.
pub(crate) fn process_name(pid: u32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    Some(String::from_utf8_lossy(name).into_owned())
}

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
    match access(path, permission) {
        Ok(()) => Some(true),
        Err(Errno::ACCESS) => Some(false),
        Err(_) => None,
    }
}

/// Checks whether the effective user has permissions for a file (`access(2)`).
fn access(path: &Path, permissions: Access) -> rustix::io::Result<()> {
    // Android checks for the real user only, which is the same one there.
    #[cfg(target_os = "android")]
    let flags = AtFlags::empty();
    #[cfg(not(target_os = "android"))]
    let flags = AtFlags::EACCESS;
    accessat(CWD, path, permissions, flags)
}
