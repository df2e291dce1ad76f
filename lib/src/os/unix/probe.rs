//! Checks whether a socket file belongs to an open socket. No server notices it.

use super::{address::file_address, sys};
use rustix::{
    io::Errno,
    net::{self, SocketAddrUnix},
};
use std::{io, path::Path};

/// Result of [`probe`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// There is no file.
    Nothing,
    /// A socket file whose socket is closed.
    Stale,
    /// An open socket.
    Live,
    /// A socket file whose state cannot be found out, for example because this process may not
    /// connect to it.
    Unknown,
}

/// Probes a path. A socket that is bound but does not listen yet is live as well.
pub(super) fn probe(path: &Path) -> io::Result<Finding> {
    Ok(match connect_datagram(&file_address(path)?)? {
        Err(Errno::CONNREFUSED) => Finding::Stale,
        Err(Errno::NOENT) => Finding::Nothing,
        Ok(()) | Err(Errno::PROTOTYPE | Errno::PERM) => Finding::Live,
        // For example `EACCES` without permission.
        Err(_) => Finding::Unknown,
    })
}

/// Connects a datagram socket to what most likely is a stream socket.
///
/// If the socket is closed, the connection is refused. Otherwise the types differ (`EPROTOTYPE`),
/// and a server for a single client has not lost it to the probe (`connect(2)`; Linux, the BSDs and
/// macOS check in the same order). Success is a datagram socket, and `EPERM` one that is connected
/// to another socket.
pub(super) fn connect_datagram(address: &SocketAddrUnix) -> io::Result<Result<(), Errno>> {
    Ok(net::connect(&sys::datagram_socket()?, address))
}
