//! Sockets that another program may have set up. On systems other than Linux and Android the
//! function does nothing.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::stop_passing_credentials;
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

    /// Stops the system from adding messages to what the socket receives: credentials
    /// (`SO_PASSCRED`), descriptors of the sender's process (`SO_PASSPIDFD`) and its security
    /// context (`SO_PASSSEC`). Accepted sockets inherit these options from their listener.
    ///
    /// Without them, `MSG_CTRUNC` of `recvmsg(2)` means that descriptors were lost.
    ///
    /// # Errors
    /// An error of `setsockopt(2)`. An option that the system does not have is no error.
    pub fn stop_passing_credentials(socket: BorrowedFd<'_>) -> io::Result<()> {
        let off: libc::c_int = 0;
        let len = libc::socklen_t::try_from(size_of_val(&off)).unwrap_or(0);
        for option in [libc::SO_PASSCRED, SO_PASSPIDFD, libc::SO_PASSSEC] {
            let (fd, value) = (socket.as_raw_fd(), (&raw const off).cast());
            // SAFETY: the pointer and the length are of one live int.
            if unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, value, len) } != 0 {
                let error = io::Error::last_os_error();
                if error.raw_os_error() != Some(libc::ENOPROTOOPT) {
                    return Err(error);
                }
            }
        }
        Ok(())
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
