//! The system calls that no safe interface offers as they are needed here.

#![allow(unsafe_code, reason = "system calls on addresses that fill all of sun_path")]

use super::address::Address;
use rustix::net::{AddressFamily, SocketType};
use std::{
    io, mem,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

/// Makes a stream socket that children do not inherit.
pub(super) fn stream_socket(nonblocking: bool) -> io::Result<OwnedFd> {
    socket(SocketType::STREAM, nonblocking)
}

/// Makes a datagram socket that children do not inherit.
pub(super) fn datagram_socket() -> io::Result<OwnedFd> {
    socket(SocketType::DGRAM, false)
}

#[cfg(not(target_vendor = "apple"))]
fn socket(kind: SocketType, nonblocking: bool) -> io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, socket_with};
    let mut flags = SocketFlags::CLOEXEC;
    flags.set(SocketFlags::NONBLOCK, nonblocking);
    Ok(socket_with(AddressFamily::UNIX, kind, flags, None)?)
}

#[cfg(target_vendor = "apple")]
fn socket(kind: SocketType, nonblocking: bool) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::UNIX, kind, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
    if nonblocking {
        rustix::io::ioctl_fionbio(&socket, true)?;
    }
    Ok(socket)
}

/// `bind(2)`
pub(super) fn bind(socket: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
    // SAFETY: the pointer and the length are of one live `sockaddr_un`.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address.raw).cast(), address.len) })
}

/// `connect(2)`, once; not repeated after a signal.
pub(super) fn connect(socket: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
    // SAFETY: the pointer and the length are of one live `sockaddr_un`.
    check(unsafe {
        libc::connect(socket.as_raw_fd(), (&raw const address.raw).cast(), address.len)
    })
}

/// An address of zero bytes.
pub(super) fn zeroed_address() -> libc::sockaddr_un {
    // SAFETY: sockaddr_un is made of integers and arrays of integers, for which zero
    // bytes are a value.
    unsafe { mem::zeroed() }
}

/// Reads a socket option whose value is a plain C type into `value`; gives the number
/// of bytes that the system wrote.
///
/// # Safety
/// Any bytes must be a valid `T`.
pub(super) unsafe fn socket_option<T>(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: &mut [T],
) -> Result<usize, (io::Error, usize)> {
    let mut len = libc::socklen_t::try_from(size_of_val(value)).unwrap_or(libc::socklen_t::MAX);
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the pointer and the length are of one live slice, and the caller vouches
    // for what is written to it.
    let status =
        unsafe { libc::getsockopt(fd, level, option, value.as_mut_ptr().cast(), &raw mut len) };
    let len = usize::try_from(len).unwrap_or(0);
    check(status).map(|()| len).map_err(|error| (error, len))
}

/// Sets a socket option of `SOL_SOCKET` that is a flag to 0.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn unset_socket_option(socket: BorrowedFd<'_>, option: libc::c_int) -> io::Result<()> {
    let off: libc::c_int = 0;
    let len = libc::socklen_t::try_from(size_of_val(&off)).unwrap_or(0);
    let fd = socket.as_raw_fd();
    // SAFETY: the pointer and the length are of one live int.
    let status =
        unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const off).cast(), len) };
    check(status)
}

pub(super) fn check(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Waits until something can be read or accepted.
pub(super) fn wait_readable(fd: BorrowedFd<'_>, timeout: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let deadline = Instant::now().checked_add(timeout);
    loop {
        let rest = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let rest = rest.and_then(|rest| Timespec::try_from(rest).ok());
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], rest.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Err(rustix::io::Errno::INTR) => {}
            result => return result.map(|_| ()).map_err(io::Error::from),
        }
    }
}

/// How much memory the bytes take that were sent on the socket and that its peer has not read
/// (`unix(7)`, SIOCOUTQ).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn unread(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is open, and the call writes one int to where there is room.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// Makes calls of `accept` that wait on a listening socket return, turns away who waits
/// to be accepted, and gives up the name.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn wake_accept(socket: BorrowedFd<'_>) -> io::Result<()> {
    use rustix::{
        io::{DupFlags, dup3},
        net::{Shutdown, SocketFlags, accept_with, shutdown},
    };
    use std::{mem::ManuallyDrop, os::fd::FromRawFd};
    // Linux lets a listening socket be shut down: waiting calls fail with EINVAL, after
    // those clients that are in the queue.
    shutdown(socket, Shutdown::Both)?;
    while accept_with(socket, SocketFlags::CLOEXEC).is_ok() {}
    // An abstract name is given up only by closing its socket (unix(7)). Other threads may
    // be using the descriptor, so its number must not become free: one that has no name
    // takes its place, and accepting on that fails with EINVAL as well.
    let nameless = stream_socket(false)?;
    // SAFETY: the descriptor is open, and it is not closed here: it stays its owner's.
    let mut socket = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(socket.as_raw_fd()) });
    // The crates name this flag on Linux only, the kernel knows it on Android as well.
    let close_on_exec = DupFlags::from_bits_retain(libc::O_CLOEXEC.cast_unsigned());
    Ok(dup3(&nameless, &mut socket, close_on_exec)?)
}

/// As on Linux, by connecting once more: what is accepted then is not handed out.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn wake_accept(socket: BorrowedFd<'_>) -> io::Result<()> {
    use std::os::unix::net::{UnixListener, UnixStream};
    let listener = UnixListener::from(socket.try_clone_to_owned()?);
    if let Some(path) = listener.local_addr()?.as_pathname() {
        // With a full backlog this fails, and nobody is waiting either.
        let _ = UnixStream::connect(path);
    }
    Ok(())
}
