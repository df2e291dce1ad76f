//! Descriptions of the process at the other end of a local socket.

use super::listening::ids;
use local_socket::PeerCreds;

/// Formats the process, user and group of a client for the log.
pub(crate) fn describe(peer: &PeerCreds) -> String {
    let ids = ["pid", "uid", "gid"].into_iter().zip(ids(peer));
    let parts: Vec<_> = ids.filter_map(|(what, id)| Some(format!("{what} {}", id?))).collect();
    if parts.is_empty() { "unknown".to_owned() } else { parts.join(" ") }
}

/// Returns the environment variables that describe the peer to a command. Those without a value
/// must be removed.
pub(crate) fn variables(peer: Option<&PeerCreds>) -> [(&'static str, Option<String>); 6] {
    let [pid, uid, gid] = peer.map(ids).unwrap_or_default();
    [
        ("LSOCK_PEER_PID", pid.clone()),
        ("LSOCK_PEER_UID", uid.clone()),
        ("LSOCK_PEER_GID", gid.clone()),
        ("IPCREMOTEPID", pid),
        ("IPCREMOTEEUID", uid),
        ("IPCREMOTEEGID", gid),
    ]
}
