//! Windows passes no handles with the data of a pipe.

use local_socket::Stream;
use std::io;

/// Whether connections can be passed to another process with the data of a socket.
pub(crate) const CAN_PASS_CONNECTIONS: bool = false;

/// Returns whether standard output takes connections.
pub(crate) fn stdout_takes_connections() -> bool {
    false
}

/// Passes the connection over standard output.
///
/// # Errors
/// `Unsupported`.
pub(crate) fn pass_over_stdout(_: &Stream) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
