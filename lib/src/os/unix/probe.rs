//! Whether a socket file belongs to a living socket.

use super::{address::Address, sys};
use std::{io, os::fd::AsFd, path::Path};

/// What stands behind a path.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// No file at all.
    Nothing,
    /// A socket file whose socket has gone.
    Stale,
    /// A socket, or something that must be taken for one.
    Live,
}

/// Asks without disturbing anybody: a datagram socket is connected to what most likely is
/// a stream socket. If its socket has gone, that is refused; if there is one, it is of the
/// wrong type (EPROTOTYPE), and a server that could serve a single client has not lost it
/// to a probe. A socket that is bound but not listened on yet is live as well
/// (`connect(2)`; the order of the checks is the same in Linux, the BSDs and macOS).
pub(super) fn probe(path: &Path) -> io::Result<Finding> {
    let socket = sys::datagram_socket()?;
    Ok(match sys::connect(socket.as_fd(), &Address::file(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Finding::Stale,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::Nothing,
        // Also a socket that we may not connect to (EACCES): nothing proves that nobody is
        // there.
        _ => Finding::Live,
    })
}
