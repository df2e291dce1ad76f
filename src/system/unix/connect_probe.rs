//! Connects to a name to see whether its server accepts connections.

use local_socket::{
    ConnectOptions, ConnectWaitMode, Name, error::raw_os_error, os::unix::NameExt as _,
};
use rustix::{
    io::Errno,
    net::{self, AddressFamily, SocketAddrUnix, SocketType},
};
use std::{io, os::fd::OwnedFd, time::Duration};

/// Connects and closes the connection, without sending anything. A server of another type than
/// stream sockets is connected to by a socket of its type. If the backlog of a stream server is full,
/// the call waits for at most the time; without a time it does not wait.
///
/// # Errors
/// As [`ConnectOptions::connect_sync`]: `WouldBlock` or `TimedOut` if the backlog is full.
pub(crate) fn attempt(name: &Name<'_>, wait: Option<Duration>) -> io::Result<()> {
    let mode = wait.map_or(ConnectWaitMode::Deferred, ConnectWaitMode::Timeout);
    let connected = ConnectOptions::new().name(name.borrow()).wait_mode(mode).connect_sync();
    let error = match connected {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    // An abstract name is one of its type only.
    let is_other_type = match raw_os_error(&error).map(Errno::from_raw_os_error) {
        Some(Errno::PROTOTYPE) => true,
        Some(Errno::CONNREFUSED) => !name.is_path(),
        _ => false,
    };
    if !is_other_type {
        return Err(error);
    }
    for kind in [SocketType::SEQPACKET, SocketType::DGRAM] {
        for address in addresses(name)? {
            match connect(&socket(kind)?, &address) {
                Ok(()) => return Ok(()),
                Err(error @ Errno::AGAIN) => return Err(error.into()),
                Err(_) => {}
            }
        }
    }
    Err(error)
}

/// Returns the addresses that the name can stand for, in the order in which they are tried.
fn addresses(name: &Name<'_>) -> io::Result<Vec<SocketAddrUnix>> {
    let files = name.socket_files()?;
    if files.is_empty() {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return Ok(vec![SocketAddrUnix::new_abstract_name(name.as_bytes())?]);
    }
    files.iter().map(|file| Ok(SocketAddrUnix::new(&**file)?)).collect()
}

fn connect(socket: &OwnedFd, address: &SocketAddrUnix) -> rustix::io::Result<()> {
    rustix::io::retry_on_intr(|| net::connect(socket, address))
}

/// Returns a socket that no call waits for.
fn socket(kind: SocketType) -> rustix::io::Result<OwnedFd> {
    let socket = net::socket(AddressFamily::UNIX, kind, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}
