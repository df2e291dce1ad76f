//! Checks whether a socket file belongs to a live socket.

use super::{address::file_address, sys};
use rustix::{io::Errno, net};
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

/// Probes a path without disturbing its server, by connecting a datagram socket to what most
/// likely is a stream socket.
///
/// If the socket is closed, the connection is refused. Otherwise the types differ (`EPROTOTYPE`),
/// and a server for a single client has not lost it to the probe. A socket that is bound but does
/// not listen yet is live as well (`connect(2)`; Linux, the BSDs and macOS check in the same
/// order).
pub(super) fn probe(path: &Path) -> io::Result<Finding> {
    let socket = sys::datagram_socket()?;
    Ok(match net::connect(&socket, &file_address(path)?) {
        Err(Errno::CONNREFUSED) => Finding::Stale,
        Err(Errno::NOENT) => Finding::Nothing,
        // `EPROTOTYPE`: a socket of another type. Success: a datagram socket. `EPERM`: a datagram
        // socket that is connected to another one.
        Ok(()) | Err(Errno::PROTOTYPE | Errno::PERM) => Finding::Live,
        // For example `EACCES` without permission.
        Err(_) => Finding::Unknown,
    })
}
