//! From options to a connected socket.

use super::{
    address::NameAddresses,
    runtime_dir,
    sys::{self, stream_socket},
};
use crate::{ConnectOptions, ConnectWaitMode, error::SocketError};
use rustix::{
    io::Errno,
    net::{
        self, SocketAddrUnix,
        sockopt::{self, Timeout},
    },
};
use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
    time::{Duration, Instant},
};

/// Connects as the options say.
pub(super) fn connect(options: &ConnectOptions<'_>) -> io::Result<UnixStream> {
    let name = options.required_name()?;
    let socket = NameAddresses::of(name)
        .and_then(|target| reach(&target, options.wait_mode))
        .map_err(|error| SocketError::of_connecting(name, options.directions, error))?;
    let socket = UnixStream::from(socket);
    let is_nonblocking = options.wait_mode == ConnectWaitMode::Deferred;
    if options.nonblocking_stream != is_nonblocking {
        socket.set_nonblocking(options.nonblocking_stream)?;
    }
    Ok(socket)
}

fn reach(target: &NameAddresses<'_>, wait_mode: ConnectWaitMode) -> io::Result<OwnedFd> {
    let mut result = Err(io::Error::from_raw_os_error(libc::ENOENT));
    for address in target.addresses() {
        result = attempt(&address?, wait_mode);
        match &result {
            Err(error) if runtime_dir::try_next(error) => {}
            _ => break,
        }
    }
    result
}

/// Connects. If the backlog is full, a blocking `connect` waits, for `SO_SNDTIMEO` at most, and a
/// non-blocking one fails with `EAGAIN`. It is never "in progress" (`connect(2)`, `unix(7)`), so
/// there is nothing to poll for.
///
/// The BSDs and macOS refuse if the backlog is full, so there is nothing to wait for.
fn attempt(address: &SocketAddrUnix, wait_mode: ConnectWaitMode) -> io::Result<OwnedFd> {
    let socket = stream_socket(wait_mode == ConnectWaitMode::Deferred)?;
    match wait_mode {
        // A call that a signal has interrupted has begun nothing that a second one could disturb.
        ConnectWaitMode::Unbounded => {
            rustix::io::retry_on_intr(|| net::connect(&socket, address))?;
        }
        ConnectWaitMode::Deferred => net::connect(&socket, address)?,
        ConnectWaitMode::Timeout(timeout) => attempt_within(&socket, address, timeout)?,
    }
    Ok(socket)
}

/// Connects. Fails with `TimedOut` after the timeout.
pub(super) fn attempt_within(
    socket: &OwnedFd,
    address: &SocketAddrUnix,
    timeout: Duration,
) -> io::Result<()> {
    // Without a deadline the timeout is beyond the range of the clock.
    let deadline = Instant::now().checked_add(timeout);
    loop {
        // A timeout of zero would mean no limit (`socket(7)`).
        let rest = deadline.map(|deadline| {
            deadline.saturating_duration_since(Instant::now()).max(Duration::from_micros(1))
        });
        sockopt::set_socket_timeout(socket, Timeout::Send, sys::within_clock(rest))?;
        match net::connect(socket, address) {
            Ok(()) => return Ok(sockopt::set_socket_timeout(socket, Timeout::Send, None)?),
            Err(Errno::INTR) if deadline.is_none_or(|deadline| Instant::now() < deadline) => {}
            Err(Errno::INTR | Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}
