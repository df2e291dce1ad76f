//! System calls with the flags and options that are needed here.

#![allow(unsafe_code, reason = "socket options")]

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{AddressFamily, SendFlags, SocketType},
};
use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

/// Creates a stream socket that is closed when this process executes another program.
pub(super) fn stream_socket(nonblocking: bool) -> io::Result<OwnedFd> {
    socket(SocketType::STREAM, nonblocking)
}

/// Creates a datagram socket that is closed when this process executes another program.
pub(super) fn datagram_socket() -> io::Result<OwnedFd> {
    socket(SocketType::DGRAM, false)
}

#[cfg(not(apple))]
fn socket(kind: SocketType, nonblocking: bool) -> io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, socket_with};
    let mut flags = SocketFlags::CLOEXEC;
    flags.set(SocketFlags::NONBLOCK, nonblocking);
    Ok(socket_with(AddressFamily::UNIX, kind, flags, None)?)
}

#[cfg(apple)]
fn socket(kind: SocketType, nonblocking: bool) -> io::Result<OwnedFd> {
    use std::os::fd::AsFd;
    let socket = rustix::net::socket(AddressFamily::UNIX, kind, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    without_signal(socket.as_fd())?;
    if nonblocking {
        rustix::io::ioctl_fionbio(&socket, true)?;
    }
    Ok(socket)
}

/// Makes writing to a closed peer an error that raises no signal, and returns the flags that are
/// needed for that. On Apple systems it is an option of the socket, elsewhere a flag of each call.
#[cfg_attr(not(apple), expect(clippy::unnecessary_wraps, reason = "setting the option can fail"))]
pub(super) fn without_signal(socket: BorrowedFd<'_>) -> io::Result<SendFlags> {
    #[cfg(apple)]
    {
        rustix::net::sockopt::set_socket_nosigpipe(socket, true)?;
        Ok(SendFlags::empty())
    }
    #[cfg(not(apple))]
    {
        let _ = socket;
        Ok(SendFlags::NOSIGNAL)
    }
}

/// Reads a socket option whose value is a plain C type into `value`. Returns the number of bytes
/// that the system wrote.
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
    let fd = socket.as_raw_fd();
    // SAFETY: the pointer and the length are of one live slice, and the caller vouches for what is
    // written to it.
    let status =
        unsafe { libc::getsockopt(fd, level, option, value.as_mut_ptr().cast(), &raw mut len) };
    let len = usize::try_from(len).unwrap_or(0);
    check(status).map(|()| len).map_err(|error| (error, len))
}

/// Converts the result of a system call that returns 0 for success.
pub(super) fn check(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Waits for events of a descriptor, also after a signal, and returns those that occurred; none
/// after the timeout. Hang-up and error are always reported (`poll(2)`).
pub(super) fn wait(
    fd: BorrowedFd<'_>,
    events: PollFlags,
    timeout: Duration,
) -> io::Result<PollFlags> {
    let deadline = Instant::now().checked_add(timeout);
    loop {
        let rest = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let rest = rest.and_then(|rest| Timespec::try_from(rest).ok());
        let mut fds = [PollFd::new(&fd, events)];
        match poll(&mut fds, rest.as_ref()) {
            Err(Errno::INTR) => {}
            result => return Ok(result.map(|_| fds[0].revents())?),
        }
    }
}
