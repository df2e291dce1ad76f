//! Whom the server of a tap sees, who is served, and whether a tap can start.

use super::{Leftover, TapPaths, problem::TapProblem, stand_in::expect_listener};
use crate::system::socket_file::{self, SocketFile};

/// As which user clients are served. The server sees the tap as its peer, whoever the client is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServeAs {
    /// Clients of the tap's own user, and of root, are served. Nobody else could connect at the start.
    OwnUser,
    /// All clients that can connect are served, as the user of the tap (`--as-me`).
    Me,
}

/// Checks that a tap of the name can start. Changes nothing and takes no lock, so that the start can
/// still fail.
///
/// # Errors
/// Those of [`StandIn::start`](super::StandIn::start) that can be foreseen.
pub(crate) fn check_start(paths: &TapPaths, serve_as: ServeAs) -> Result<(), TapProblem> {
    let server = match Leftover::find(paths)? {
        Some(Leftover::Running(file)) => return Err(TapProblem::AlreadyTapped(file.holder())),
        // The start of the tap puts it back first.
        Some(Leftover::Server(server)) => expect_listener(server, &paths.aside)?,
        Some(Leftover::Stale(_)) | None => paths.live_server()?,
    };
    check_access(paths, &server, serve_as)?;
    if !socket_file::may_read_folder(&paths.name) {
        return Err(TapProblem::unreadable_folder());
    }
    Ok(socket_file::may_change_folder(&paths.name)?)
}

/// Checks that this process can stand in for the server.
///
/// # Errors
/// `Owner` if it may not create a socket file of the same owner. `OtherUsers` if other users may
/// connect: without `--as-me`, they would get the rights of this process unasked.
pub(super) fn check_access(
    paths: &TapPaths,
    file: &SocketFile,
    serve_as: ServeAs,
) -> Result<(), TapProblem> {
    let (owner, user) = (socket_file::owner_name(file), socket_file::own_user_name());
    if !socket_file::may_have_same_owner(file) {
        return Err(TapProblem::Owner { owner, user });
    }
    if serve_as == ServeAs::OwnUser && socket_file::admits_others(&paths.name, file) {
        return Err(TapProblem::OtherUsers { owner, mode: file.mode(), user });
    }
    Ok(())
}
