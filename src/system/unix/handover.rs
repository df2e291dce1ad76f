//! A connection that is passed to the process at the other end of standard output.

use local_socket::{Stream, os::unix::send_with_fds};
use rustix::net::{AddressFamily, getsockname};
use std::{
    io::{self, stdout},
    os::fd::AsFd as _,
};

/// Whether connections can be passed to another process with the data of a socket.
pub(crate) const CAN_PASS_CONNECTIONS: bool = true;

/// Returns whether standard output is a Unix domain socket, which takes descriptors (`unix(7)`).
pub(crate) fn stdout_takes_connections() -> bool {
    getsockname(stdout()).is_ok_and(|address| address.address_family() == AddressFamily::UNIX)
}

/// Passes the connection over standard output, with one byte of zero: on Linux a stream passes no
/// descriptors without data (`unix(7)`), and `ssh(1)` reads one byte.
///
/// # Errors
/// `BrokenPipe` if the other end of standard output was closed, or another error of `sendmsg(2)`.
pub(crate) fn pass_over_stdout(connection: &Stream) -> io::Result<()> {
    loop {
        match send_with_fds(stdout().as_fd(), &[0], &[connection.as_fd()]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            sent => return sent.map(drop),
        }
    }
}
