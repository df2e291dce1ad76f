//! Descriptions of the process at the other end of a local socket.

use super::{
    Socket,
    accounts::{self, UserId},
    listening::ids,
    user_names,
};
use local_socket::{PeerCreds, Stream};

/// The user of a peer, for the environment of a command.
#[derive(Clone, Debug)]
pub(crate) struct PeerUser {
    id: UserId,
    name: Option<String>,
}

impl PeerUser {
    /// Returns the user at the other end of a stream, if the system reports it. Its name is looked up,
    /// which blocks the thread.
    pub(crate) fn of(stream: &Stream) -> Option<Self> {
        let id = accounts::peer_of(stream).ok()?;
        Some(Self { id, name: user_names::look_up(id) })
    }

    /// Returns the user of a peer, in an event loop.
    pub(crate) async fn of_socket(socket: &Socket, peer: &PeerCreds) -> Option<Self> {
        let id = accounts::peer_of_socket(socket, peer).ok()?;
        Some(Self { id, name: user_names::get(id).await })
    }
}

/// Formats the process, user and group of a client for the log.
pub(crate) fn describe(peer: &PeerCreds, stream: &impl accounts::End) -> String {
    let ids = ["pid", "uid", "gid"].into_iter().zip(ids(peer));
    let ids = ids.filter_map(|(what, id)| Some(format!("{what} {}", id?)));
    let account = accounts::in_messages(stream).map(|name| format!("user {name}"));
    let parts: Vec<_> = ids.chain(account).collect();
    if parts.is_empty() { "unknown".to_owned() } else { parts.join(" ") }
}

/// Returns the environment variables that describe the peer to a command. Those without a value
/// must be removed.
pub(crate) fn variables(
    peer: Option<&PeerCreds>,
    user: Option<&PeerUser>,
) -> [(&'static str, Option<String>); 8] {
    let [pid, uid, gid] = peer.map(ids).unwrap_or_default();
    [
        ("LSOCK_PEER_USER", user.and_then(|user| user.name.clone())),
        ("LSOCK_PEER_SID", user.and_then(|user| accounts::sid(user.id))),
        ("LSOCK_PEER_PID", pid.clone()),
        ("LSOCK_PEER_UID", uid.clone()),
        ("LSOCK_PEER_GID", gid.clone()),
        ("IPCREMOTEPID", pid),
        ("IPCREMOTEEUID", uid),
        ("IPCREMOTEEGID", gid),
    ]
}
