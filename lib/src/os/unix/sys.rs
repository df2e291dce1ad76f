//! System calls with the flags and options that are needed here.

#![allow(unsafe_code, reason = "socket options")]

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{self, AddressFamily, SendAncillaryBuffer, SendFlags, SocketType, sendmsg},
};
use std::{
    io::{self, IoSlice},
    net::Shutdown,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::net::UnixListener,
    },
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
    let socket = net::socket(AddressFamily::UNIX, kind, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    if nonblocking {
        rustix::io::ioctl_fionbio(&socket, true)?;
    }
    Ok(socket)
}

/// Accepts a client, without its address. The socket is closed when this process executes another
/// program. Like the accept call of the standard library, it goes on after a signal.
#[cfg(not(apple))]
pub(super) fn accept(listener: &UnixListener, nonblocking: bool) -> io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, accept_with};
    let mut flags = SocketFlags::CLOEXEC;
    flags.set(SocketFlags::NONBLOCK, nonblocking);
    Ok(rustix::io::retry_on_intr(|| accept_with(listener, flags))?)
}

/// Does the same. The socket would inherit the mode of the listener.
#[cfg(apple)]
pub(super) fn accept(listener: &UnixListener, nonblocking: bool) -> io::Result<OwnedFd> {
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(nonblocking)?;
    Ok(socket.into())
}

/// The flags with which writing to a closed peer is an error that raises no signal. On Apple systems
/// [`prevent_signal`] has to be called before.
#[cfg(not(apple))]
pub(super) const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
#[cfg(apple)]
pub(super) const NO_SIGNAL: SendFlags = SendFlags::empty();

/// Makes writing to a closed peer an error that raises no signal, where that is an option of the
/// socket. Elsewhere it is a flag of each call: [`NO_SIGNAL`].
#[cfg_attr(not(apple), expect(clippy::unnecessary_wraps, reason = "setting the option can fail"))]
pub(super) fn prevent_signal(socket: BorrowedFd<'_>) -> io::Result<()> {
    #[cfg(apple)]
    net::sockopt::set_socket_nosigpipe(socket, true)?;
    let _ = socket;
    Ok(())
}

/// Calls [`prevent_signal`] for conversions, which cannot fail.
pub(super) fn prevent_signal_if_possible(socket: impl AsFd) {
    if let Err(error) = prevent_signal(socket.as_fd()) {
        tracing::debug!(%error, "writing to a closed peer raises a signal");
    }
}

/// Writes several buffers as `writev(2)` does, without a signal if the peer has closed. Buffers
/// beyond the maximum of one call are left out.
pub(super) fn send_vectored(socket: BorrowedFd<'_>, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut no_control = SendAncillaryBuffer::default();
    Ok(sendmsg(socket, within_iov_max(bufs), &mut no_control, NO_SIGNAL)?)
}

/// Returns as many buffers as one call takes (`IOV_MAX` of Linux, the BSDs and macOS).
pub(super) fn within_iov_max<'a, 'b>(bufs: &'a [IoSlice<'b>]) -> &'a [IoSlice<'b>] {
    bufs.get(..1024).unwrap_or(bufs)
}

/// Shuts down one direction or both. If the peer has closed, there is nothing left to do: Linux
/// reports success then, the BSDs and macOS `ENOTCONN`.
pub(super) fn shutdown(socket: BorrowedFd<'_>, how: Shutdown) -> io::Result<()> {
    let how = match how {
        Shutdown::Read => net::Shutdown::Read,
        Shutdown::Write => net::Shutdown::Write,
        Shutdown::Both => net::Shutdown::Both,
    };
    match net::shutdown(socket, how) {
        Err(Errno::NOTCONN) => Ok(()),
        result => Ok(result?),
    }
}

/// Returns whether the socket listens, or has listened before it was shut down. Apple systems do not
/// report it: `false`.
pub(super) fn is_listening(socket: BorrowedFd<'_>) -> bool {
    #[cfg(not(apple))]
    return net::sockopt::socket_acceptconn(socket).unwrap_or(false);
    #[cfg(apple)]
    {
        let _ = socket;
        false
    }
}

/// Returns the memory of the data that the peer of a Unix stream socket has not read yet.
#[cfg(linux_like)]
pub(super) fn unread(socket: BorrowedFd<'_>) -> io::Result<usize> {
    use rustix::ioctl::{Getter, Opcode, ioctl};
    const SIOCOUTQ: Opcode = libc::TIOCOUTQ as Opcode;
    // SAFETY: the call writes one int (`unix(7)`).
    let bytes = unsafe { ioctl(socket, Getter::<SIOCOUTQ, libc::c_int>::new()) }?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// Fails: these systems do not report how much is left in the peer's buffer.
#[cfg(not(linux_like))]
pub(super) fn unread(_: BorrowedFd<'_>) -> io::Result<usize> {
    let text = "this system does not report whether the peer has read everything";
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
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

/// Returns a timeout that a socket option can hold on every system. A longer one than 68 years means
/// no limit.
pub(super) fn within_clock(timeout: Option<Duration>) -> Option<Duration> {
    timeout.filter(|timeout| timeout.as_secs() <= i32::MAX as u64)
}

/// Waits for events of a descriptor, also after a signal, and returns those that occurred; none
/// after the timeout. Hang-up and error are always reported (`poll(2)`).
pub(super) fn wait(
    fd: BorrowedFd<'_>,
    events: PollFlags,
    timeout: Duration,
) -> io::Result<PollFlags> {
    // Some systems refuse a longer timeout than 24 days.
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    let deadline = Instant::now().checked_add(timeout);
    loop {
        let rest = deadline
            .map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        let time =
            Timespec::try_from(rest.min(LONGEST)).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut fds = [PollFd::new(&fd, events)];
        match poll(&mut fds, Some(&time)) {
            Err(Errno::INTR) => {}
            Ok(0) if rest > LONGEST => {}
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
