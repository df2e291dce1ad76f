//! Pipes are not in a folder of files.

use crate::system::PathFacts;
use local_socket::Name;

/// Returns `None`: a pipe is no file.
pub(crate) fn examine_path(_: &Name<'_>) -> Option<PathFacts> {
    None
}
