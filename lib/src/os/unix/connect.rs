//! From options to a connected socket.

use super::{
    address::{Address, Target},
    runtime_dir,
    stream::Stream,
    sys::{self, stream_socket},
};
use crate::{
    ConnectOptions, ConnectWaitMode,
    error::{Action, SocketError},
};
use rustix::net::sockopt::{self, Timeout};
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    time::{Duration, Instant},
};

/// Connects as the options say.
pub(super) fn connect(options: &ConnectOptions<'_>) -> io::Result<Stream> {
    let name = options.required_name()?;
    let socket = Target::of(name)
        .and_then(|target| reach(&target, options.wait_mode))
        .map_err(|error| SocketError::wrap(Action::Connect, name, error))?;
    let socket = UnixStream::from(socket);
    let is_nonblocking = options.wait_mode == ConnectWaitMode::Deferred;
    if options.nonblocking_stream != is_nonblocking {
        socket.set_nonblocking(options.nonblocking_stream)?;
    }
    Ok(socket.into())
}

fn reach(target: &Target<'_>, wait_mode: ConnectWaitMode) -> io::Result<OwnedFd> {
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

/// A full backlog makes a blocking connect wait, and a non-blocking one fail with
/// EAGAIN: it never is "in progress" (`connect(2)`, `unix(7)`), so there is nothing to
/// poll for. How long the blocking one waits is SO_SNDTIMEO.
///
/// The BSDs and macOS refuse when the backlog is full; there is nothing to wait for.
fn attempt(address: &Address, wait_mode: ConnectWaitMode) -> io::Result<OwnedFd> {
    let socket = stream_socket(wait_mode == ConnectWaitMode::Deferred)?;
    match wait_mode {
        ConnectWaitMode::Unbounded => {
            while let Err(error) = sys::connect(socket.as_fd(), address) {
                // Nothing has begun that a second call could disturb.
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
        ConnectWaitMode::Deferred => sys::connect(socket.as_fd(), address)?,
        ConnectWaitMode::Timeout(timeout) => attempt_within(&socket, address, timeout)?,
    }
    Ok(socket)
}

fn attempt_within(socket: &OwnedFd, address: &Address, timeout: Duration) -> io::Result<()> {
    let timed_out = || io::Error::from(io::ErrorKind::TimedOut);
    let deadline = Instant::now().checked_add(timeout);
    loop {
        // No deadline is one beyond what the clock can count to. No time at all would mean
        // no limit (socket(7)).
        let rest = deadline.map(|deadline| {
            deadline.saturating_duration_since(Instant::now()).max(Duration::from_micros(1))
        });
        sockopt::set_socket_timeout(socket, Timeout::Send, rest)?;
        match sys::connect(socket.as_fd(), address) {
            Ok(()) => return Ok(sockopt::set_socket_timeout(socket, Timeout::Send, None)?),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(timed_out()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Err(timed_out());
                }
            }
            Err(error) => return Err(error),
        }
    }
}
