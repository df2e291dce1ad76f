//! Sockets that a service manager has opened for this process (`sd_listen_fds(3)`).

#![allow(unsafe_code, reason = "`take_fd` is unsafe")]

use super::take_fd::take_fd;
use crate::{error::reason, os::unix};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketType, getsockname, sockopt},
};
use std::{
    env, io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
        unix::net::UnixListener,
    },
    process,
};

/// Number of the first descriptor.
const FIRST: RawFd = 3;

/// A descriptor that a service manager has opened for this process. `Listener::try_from` makes it a
/// listener, `OwnedFd::from` anything else. Dropping it closes it.
#[derive(Debug)]
pub struct Inherited {
    fd: OwnedFd,
    name: Option<String>,
}

impl Inherited {
    /// Takes one descriptor by its number. `LISTEN_FDS` is not required. If `LISTEN_PID` is set, it
    /// must be the identifier of this process.
    ///
    /// ```no_run
    /// use local_socket::{Listener, os::unix::inherited::Inherited};
    /// # fn main() -> std::io::Result<()> {
    /// // SAFETY: 3 came with the process, and no other part of the program uses it.
    /// let socket = unsafe { Inherited::take(3)? };
    /// let listener = Listener::try_from(socket)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`take_fd`]. `InvalidInput` also if `LISTEN_PID` is the identifier of another process.
    ///
    /// # Safety
    /// As [`take_fd`].
    pub unsafe fn take(number: RawFd) -> io::Result<Self> {
        match self::number("LISTEN_PID")? {
            Some(pid) if pid != process::id() => Err(invalid(format!(
                "LISTEN_PID is {pid}, another process's number: the descriptors are not for this one"
            ))),
            // SAFETY: by this function's condition.
            _ => Ok(Self { fd: unsafe { take_fd(number) }?, name: None }),
        }
    }

    /// Returns its number. The first one has number 3.
    #[must_use]
    pub fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Returns its name, if the service manager has given it one: with systemd,
    /// `FileDescriptorName=` of the socket unit (`systemd.socket(5)`).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// Takes the sockets that a service manager, such as systemd or `systemd-socket-activate(1)`, has
/// opened for this process (`sd_listen_fds(3)`). The result is empty if there are none, or if they
/// are for another process. From now on they are closed when this process executes another program.
///
/// The environment variables `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` are not removed,
/// because changing the environment is not safe once there are threads. A child process can see
/// from `LISTEN_PID` that they are not meant for it.
///
/// Call this once, at the start of a program: like [`take_fd`] it returns each descriptor only
/// once.
///
/// ```no_run
/// use local_socket::{Listener, os::unix::inherited, prelude::*};
/// # fn main() -> std::io::Result<()> {
/// // SAFETY: nothing has been opened yet, and no other part of the program uses the sockets.
/// for socket in unsafe { inherited::listen_fds()? } {
///     println!("{} is {:?}", socket.number(), socket.name());
///     let listener = Listener::try_from(socket)?;
///     let client = listener.accept()?;
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// `InvalidInput` if a variable does not follow the protocol, if a descriptor is not open, or if
/// one was taken before. Descriptors that this call has already taken are closed.
///
/// # Safety
/// As [`take_fd`] for as many numbers as `LISTEN_FDS` says, starting at 3: the variables can be
/// wrong. The condition is met at the start of a program that has opened no descriptors yet.
pub unsafe fn listen_fds() -> io::Result<Vec<Inherited>> {
    let count = count()?;
    let mut names = names()?.into_iter().flatten();
    let take = |number| {
        // SAFETY: by this function's condition.
        let fd = unsafe { take_fd(number) }.map_err(|error| {
            invalid(format!("descriptor {number} of LISTEN_FDS={count}: {}", reason(&error)))
        })?;
        Ok(Inherited { fd, name: names.next() })
    };
    // Stops at the first number that is not open.
    (FIRST..=RawFd::MAX).zip(0..count).map(|(number, _)| number).map(take).collect()
}

/// Returns how many descriptors a service manager has passed to this process, starting at number 3.
/// It is 0 if there are none, or if they are for another process.
///
/// # Errors
/// `InvalidInput` if a variable is not a number.
pub fn count() -> io::Result<u32> {
    match number("LISTEN_PID")? {
        Some(pid) if pid == process::id() => Ok(number("LISTEN_FDS")?.unwrap_or(0)),
        _ => Ok(0),
    }
}

/// Returns the names of the descriptors that a service manager has passed to this process
/// (`sd_listen_fds_with_names(3)`), one for each, in the order of their numbers. Several can have the
/// same name. `None` if there are no descriptors, or if they have no names.
///
/// # Errors
/// `InvalidInput` if a variable is not a number, or if there are not as many names as descriptors.
pub fn names() -> io::Result<Option<Vec<String>>> {
    let count = count()?;
    let Some(value) = env::var_os("LISTEN_FDNAMES").filter(|_| count > 0) else { return Ok(None) };
    let names: Option<Vec<_>> =
        value.to_str().map(|names| names.split(':').map(str::to_owned).collect());
    match names {
        Some(names) if u32::try_from(names.len()) == Ok(count) => Ok(Some(names)),
        _ => Err(invalid(format!("LISTEN_FDNAMES is {value:?} and not {count} names"))),
    }
}

/// Returns the value of an environment variable that is a number.
fn number(variable: &str) -> io::Result<Option<u32>> {
    let Some(value) = env::var_os(variable) else { return Ok(None) };
    match value.to_str().map(str::parse) {
        Some(Ok(number)) => Ok(Some(number)),
        _ => Err(invalid(format!("{variable} is {value:?} and not a number"))),
    }
}

/// Checks that a descriptor is a socket that can be a listener. The error is the reason why not.
fn check_listening(fd: BorrowedFd<'_>) -> Result<(), String> {
    let system = |error: Errno| reason(&error.into());
    let kind = match sockopt::socket_type(fd) {
        Err(Errno::NOTSOCK) => return Err("it is not a socket".to_owned()),
        kind => kind.map_err(system)?,
    };
    if getsockname(fd).map_err(system)?.address_family() != AddressFamily::UNIX {
        return Err("it is a socket, but not a Unix domain socket".to_owned());
    }
    if kind != SocketType::STREAM {
        return Err("it is a Unix domain socket, but not one of streams".to_owned());
    }
    // Apple's systems do not report whether a socket listens (`SO_ACCEPTCONN`), but whether it is
    // connected.
    #[cfg(apple)]
    let listens = rustix::net::getpeername(fd).is_err();
    #[cfg(not(apple))]
    let listens = sockopt::socket_acceptconn(fd).map_err(system)?;
    if listens { Ok(()) } else { Err("it does not listen".to_owned()) }
}

/// The listener does not own the socket file: it remains when the listener is closed or dropped.
/// Accepting blocks, also if the socket was non-blocking.
///
/// # Errors
/// `InvalidInput` if it is not a Unix stream socket that listens. It is closed then.
///
/// # Platform-specific behaviour
/// macOS does not report whether a socket listens; there only connected sockets are refused.
impl TryFrom<Inherited> for unix::Listener {
    type Error = io::Error;
    fn try_from(inherited: Inherited) -> io::Result<Self> {
        check_listening(inherited.as_fd()).map_err(|why| {
            let number = inherited.number();
            invalid(format!("descriptor {number} is not a listening Unix socket: {why}"))
        })?;
        let socket = UnixListener::from(inherited.fd);
        socket.set_nonblocking(false)?;
        Ok(socket.into())
    }
}

/// Like `TryFrom<Inherited>` of [`os::unix::Listener`](unix::Listener).
impl TryFrom<Inherited> for crate::Listener {
    type Error = io::Error;
    fn try_from(inherited: Inherited) -> io::Result<Self> {
        unix::Listener::try_from(inherited).map(Self::from)
    }
}

impl From<Inherited> for OwnedFd {
    fn from(inherited: Inherited) -> Self {
        inherited.fd
    }
}

impl AsFd for Inherited {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
