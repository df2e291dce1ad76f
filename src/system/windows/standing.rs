//! Finds out what stands at the name of a pipe that could not be used.

use crate::diag::{
    Failure, SocketFailure,
    standing::{Fact, Standing},
};
use local_socket::{
    Name,
    error::{Action, SocketError},
};
use std::{
    io::{self, ErrorKind},
    path::Path,
};

/// Returns the error of a pipe together with what stands at its name. The pipe is not opened again:
/// that would take an instance from another client.
pub(crate) fn examine(error: io::Error) -> SocketFailure {
    let standing = SocketError::of(&error).and_then(explanation).map(Box::new);
    SocketFailure { error, standing }
}

/// Returns the error as it is: pipes have one namespace.
pub(crate) fn search_elsewhere(failure: Failure) -> Failure {
    failure
}

/// Returns `None`: pipes are no socket files.
pub(crate) fn explain_absence(_: &Path, _: &io::Error) -> Option<Standing> {
    None
}

/// Adds nothing: the error says everything.
pub(crate) fn examine_further(_: &mut SocketFailure) {}

/// Returns `None`: pipes have one namespace.
pub(crate) fn server_elsewhere(_: &Name<'_>) -> Option<Fact> {
    None
}

/// Returns what explains the error. A pipe that does not exist, or whose instances are all in use,
/// has an error of its own.
fn explanation(error: &SocketError) -> Option<Standing> {
    let is_closed = error.action() == Action::Connect
        && error.system_error().kind() == ErrorKind::PermissionDenied;
    is_closed.then(|| Standing { link: None, fact: Fact::ClosedPipe(error.directions()) })
}
