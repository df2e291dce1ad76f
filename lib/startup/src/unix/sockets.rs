//! Calls on sockets for which no safe interface exists.

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

/// Reads bytes without the address of the sender. Returns their number, and whether control messages
/// were dropped (`MSG_CTRUNC`, `recvmsg(2)`): descriptors that came with the bytes are closed. `peeks`
/// leaves the bytes in the socket (`MSG_PEEK`).
///
/// # Errors
/// An error of `recvmsg(2)`.
pub fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    peeks: bool,
) -> io::Result<(usize, bool)> {
    // SAFETY: msghdr consists of integers and pointers, for which zero bytes are a value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    let flags = if peeks { libc::MSG_PEEK } else { 0 };
    // SAFETY: the header points to one live buffer and has its length, and to nothing else.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
    let bytes = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    Ok((bytes, header.msg_flags & libc::MSG_CTRUNC != 0))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::{refuse_descriptors, stop_passing_credentials};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use other::stop_passing_credentials;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::{
        io,
        os::fd::{AsRawFd as _, BorrowedFd},
    };

    #[cfg(target_os = "linux")]
    use libc::SO_PASSPIDFD;
    /// libc does not name the option on Android.
    #[cfg(target_os = "android")]
    const SO_PASSPIDFD: libc::c_int = 76;

    /// libc does not name the option. It has this number on all architectures but SPARC, MIPS and
    /// PA-RISC, where the number means nothing.
    const SO_PASSRIGHTS: libc::c_int = 83;

    /// Stops the system from adding messages to what the socket receives: credentials
    /// (`SO_PASSCRED`), descriptors of the sender's process (`SO_PASSPIDFD`) and its security
    /// context (`SO_PASSSEC`). Accepted sockets inherit these options from their listener.
    ///
    /// Without them, `MSG_CTRUNC` of `recvmsg(2)` means that descriptors were lost.
    ///
    /// # Errors
    /// An error of `setsockopt(2)`. An option that the system does not have is no error.
    pub fn stop_passing_credentials(socket: BorrowedFd<'_>) -> io::Result<()> {
        for option in [libc::SO_PASSCRED, SO_PASSPIDFD, libc::SO_PASSSEC] {
            match switch_off(socket, option) {
                Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => {}
                result => result?,
            }
        }
        Ok(())
    }

    /// Has the system refuse descriptors that are sent to a local socket (`SO_PASSRIGHTS`, Linux
    /// 6.16): the sender gets `EPERM`. Descriptors that were sent before stay.
    ///
    /// # Errors
    /// `ENOPROTOOPT` if the system does not have the option, or another error of `setsockopt(2)`.
    pub fn refuse_descriptors(socket: BorrowedFd<'_>) -> io::Result<()> {
        switch_off(socket, SO_PASSRIGHTS)
    }

    fn switch_off(socket: BorrowedFd<'_>, option: libc::c_int) -> io::Result<()> {
        let off: libc::c_int = 0;
        let len = libc::socklen_t::try_from(size_of_val(&off)).unwrap_or(0);
        let (fd, value) = (socket.as_raw_fd(), (&raw const off).cast());
        // SAFETY: the pointer and the length are of one live int.
        let status = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, value, len) };
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux the function can fail")]
mod other {
    use std::{io, os::fd::BorrowedFd};

    /// Does nothing: these systems add no messages.
    ///
    /// # Errors
    /// None on this system.
    pub fn stop_passing_credentials(_: BorrowedFd<'_>) -> io::Result<()> {
        Ok(())
    }
}
