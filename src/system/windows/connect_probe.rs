//! Connects to a pipe to see whether its server accepts connections.

use local_socket::{ConnectOptions, ConnectWaitMode, Directions, Name};
use std::{
    io::{self, ErrorKind},
    time::Duration,
};

/// Connects and closes the connection, without sending anything. A pipe that has one direction only
/// is opened for that direction. If all instances of the pipe are in use, the call waits for at most
/// the time; without a time it does not wait.
///
/// # Errors
/// As [`ConnectOptions::connect_sync`]: `WouldBlock` or `TimedOut` if all instances are in use.
pub(crate) fn attempt(name: &Name<'_>, wait: Option<Duration>) -> io::Result<()> {
    let mode = wait.map_or(ConnectWaitMode::Deferred, ConnectWaitMode::Timeout);
    let options = ConnectOptions::new().name(name.borrow()).wait_mode(mode);
    let mut result = options.connect_sync();
    for directions in [Directions::Receive, Directions::Send] {
        match &result {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            _ => break,
        }
        if let Ok(stream) = options.clone().directions(directions).connect_sync() {
            result = Ok(stream);
        }
    }
    result.map(drop)
}
