//! Ends listening while other threads may be using the socket.

#![cfg_attr(
    linux_like,
    allow(unsafe_code, reason = "a descriptor that others use is replaced by another")
)]

#[cfg(linux_like)]
use std::os::fd::AsRawFd;
use std::{io, os::fd::BorrowedFd};

/// Wakes the calls of `accept` and the event loops that wait on a listening socket, disconnects the
/// clients in its backlog, and releases its name. `remove_file` returns whether that was enough to
/// release the name.
///
/// Linux can shut down a listening socket: it is readable from then on, and accepting fails with
/// `EINVAL` after the clients in the backlog were accepted.
#[cfg(linux_like)]
pub(super) fn stop_listening(
    socket: BorrowedFd<'_>,
    remove_file: impl FnOnce() -> bool,
) -> io::Result<()> {
    use rustix::net::{Shutdown, SocketFlags, accept_with, shutdown};
    // As on drop: while the socket is open, no other file can have its inode.
    let is_released = remove_file();
    shutdown(socket, Shutdown::Both)?;
    while accept_with(socket, SocketFlags::CLOEXEC).is_ok() {}
    if is_released || is_in_event_loop(socket) { Ok(()) } else { replace(socket) }
}

/// Closes a socket. Only that releases an abstract name (`unix(7)`), or makes a socket file stale.
/// The kernel removes the socket from event loops then, without an event (`epoll(7)`).
///
/// Other threads may be using the descriptor, so its number must not become free: a socket without
/// a name takes its place, on which accepting fails with `EINVAL` as well.
#[cfg(linux_like)]
fn replace(socket: BorrowedFd<'_>) -> io::Result<()> {
    use rustix::io::{DupFlags, dup3};
    use std::{
        mem::ManuallyDrop,
        os::fd::{FromRawFd, OwnedFd},
    };
    let nameless = super::sys::stream_socket(false)?;
    // SAFETY: the descriptor is open, and its owner keeps it: it is not closed here.
    let mut socket = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(socket.as_raw_fd()) });
    // The crates name this flag on Linux only, but the kernel of Android has it as well.
    let close_on_exec = DupFlags::from_bits_retain(libc::O_CLOEXEC.cast_unsigned());
    Ok(dup3(&nameless, &mut socket, close_on_exec)?)
}

/// Returns whether an event loop (`epoll(7)`) of this process watches the descriptor, if the system
/// reports it (`proc_pid_fdinfo(5)`).
#[cfg(linux_like)]
fn is_in_event_loop(watched: BorrowedFd<'_>) -> bool {
    use std::{fs, path::Path};
    let watched = watched.as_raw_fd().to_string();
    // A line of `fdinfo` is like `tfd:        5 events:       19 data:        5  pos:0 ino:61af`.
    let target =
        |line: &str| line.strip_prefix("tfd:")?.split_whitespace().next().map(str::to_owned);
    let is_watching = |set: fs::DirEntry| {
        fs::read_link(set.path()).is_ok_and(|link| link.as_os_str() == "anon_inode:[eventpoll]")
            && fs::read_to_string(Path::new("/proc/self/fdinfo").join(set.file_name()))
                .is_ok_and(|info| info.lines().filter_map(target).any(|fd| fd == watched))
    };
    fs::read_dir("/proc/self/fd").is_ok_and(|mut fds| fds.any(|fd| fd.is_ok_and(is_watching)))
}

/// Wakes a call of `accept` or an event loop that waits on a listening socket, by connecting to it,
/// and then releases its name. The caller drops the client that it accepts.
#[cfg(not(linux_like))]
pub(super) fn stop_listening(
    socket: BorrowedFd<'_>,
    remove_file: impl FnOnce() -> bool,
) -> io::Result<()> {
    use std::os::unix::net::{UnixListener, UnixStream};
    let listener = UnixListener::from(socket.try_clone_to_owned()?);
    let address = listener.local_addr();
    if let Ok(Some(path)) = address.as_ref().map(|address| address.as_pathname()) {
        // If the backlog is full, this fails, and no call waits.
        let _ = UnixStream::connect(path);
    }
    remove_file();
    address.map(drop)
}
