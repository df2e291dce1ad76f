//! System calls with the flags and options that are needed here.

#![allow(unsafe_code, reason = "socket options, and replacing a descriptor by another")]

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

/// Changes the mode of a file that is open with `O_PATH` (`fchmodat2(2)`, Linux 6.6).
///
/// # Errors
/// `NOSYS` if the system does not have it, `PERM` if a sandbox refuses it, or another error of
/// `chmod(2)`.
#[cfg(linux_like)]
pub(super) fn chmod_descriptor(file: BorrowedFd<'_>, mode: rustix::fs::Mode) -> Result<(), Errno> {
    // libc does not name it for every architecture. It has this number on all but MIPS, where the
    // number means nothing.
    const FCHMODAT2: libc::c_long = 452;
    let (fd, mode) = (file.as_raw_fd(), mode.bits());
    // SAFETY: the path is a string that ends with NUL, and the other arguments are numbers.
    let status = unsafe { libc::syscall(FCHMODAT2, fd, c"".as_ptr(), mode, libc::AT_EMPTY_PATH) };
    if status == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::NOSYS))
}

/// Wakes the calls of `accept` that wait on a listening socket, disconnects the clients in its
/// backlog, and releases its name.
#[cfg(linux_like)]
pub(super) fn wake_accept(socket: BorrowedFd<'_>) -> io::Result<()> {
    use rustix::{
        io::{DupFlags, dup3},
        net::{Shutdown, SocketFlags, accept_with, shutdown},
    };
    use std::{mem::ManuallyDrop, os::fd::FromRawFd};
    // Linux can shut down a listening socket: waiting calls fail with `EINVAL` after the clients in
    // the backlog were accepted.
    shutdown(socket, Shutdown::Both)?;
    while accept_with(socket, SocketFlags::CLOEXEC).is_ok() {}
    // Only closing its socket releases an abstract name (`unix(7)`). Other threads may be using the
    // descriptor, so its number must not become free: a socket without a name takes its place, on
    // which accepting fails with `EINVAL` as well.
    let nameless = stream_socket(false)?;
    // SAFETY: the descriptor is open, and its owner keeps it: it is not closed here.
    let mut socket = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(socket.as_raw_fd()) });
    // The crates name this flag on Linux only, but the kernel of Android knows it as well.
    let close_on_exec = DupFlags::from_bits_retain(libc::O_CLOEXEC.cast_unsigned());
    Ok(dup3(&nameless, &mut socket, close_on_exec)?)
}

/// Wakes a call of `accept` that waits on a listening socket, by connecting to it. The caller drops
/// the client that it accepts.
#[cfg(not(linux_like))]
pub(super) fn wake_accept(socket: BorrowedFd<'_>) -> io::Result<()> {
    use std::os::unix::net::{UnixListener, UnixStream};
    let listener = UnixListener::from(socket.try_clone_to_owned()?);
    if let Some(path) = listener.local_addr()?.as_pathname() {
        // If the backlog is full, this fails, and no call waits.
        let _ = UnixStream::connect(path);
    }
    Ok(())
}
