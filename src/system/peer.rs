//! Descriptions of the process at the other end of a local socket.

use super::{
    Socket, accounts,
    listening::{ids, user},
    process_name, user_names,
};
use local_socket::{PeerCreds, Stream, traits::StreamCommon as _};
use std::fmt::{self, Display, Formatter};

/// The user of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerUser {
    pub(crate) name: Option<String>,
    pub(crate) id: PeerUserId,
}

/// What identifies a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each system has one of them")]
pub(crate) enum PeerUserId {
    /// The number of the user (Unix).
    Uid(u32),
    /// The security identifier (Windows).
    Sid(String),
}

/// Formats the user for messages.
impl Display for PeerUser {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.id) {
            (Some(name), PeerUserId::Uid(uid)) => write!(f, "{name} (uid {uid})"),
            (None, PeerUserId::Uid(uid)) => write!(f, "uid {uid}"),
            (Some(text), PeerUserId::Sid(_)) | (None, PeerUserId::Sid(text)) => f.write_str(text),
        }
    }
}

impl PeerUser {
    /// Returns the user at the other end of a stream, if the system reports it. Its name is looked up,
    /// which blocks the thread.
    pub(crate) fn of(stream: &Stream) -> Option<Self> {
        let id = accounts::peer_of(stream).ok()?;
        Some(Self { name: user_names::look_up(id), id: accounts::peer_id(id) })
    }

    /// Returns the security identifier; `None` on Unix, where the number is in a variable of its own.
    fn sid(&self) -> Option<String> {
        match &self.id {
            PeerUserId::Uid(_) => None,
            PeerUserId::Sid(sid) => Some(sid.clone()),
        }
    }

    /// Returns the user of a peer, in an event loop.
    pub(crate) async fn of_socket(socket: &Socket, peer: &PeerCreds) -> Option<Self> {
        let id = accounts::peer_of_socket(socket, peer).ok()?;
        Some(Self { name: user_names::get(id).await, id: accounts::peer_id(id) })
    }
}

/// The process at the other end of a connection, as far as the system reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerProcess {
    pub(crate) pid: Option<u32>,
    /// The name of the program that it runs.
    pub(crate) command: Option<String>,
    pub(crate) user: Option<PeerUser>,
}

impl PeerProcess {
    /// Returns the process at the other end of a stream. The name of its user is looked up, which
    /// blocks the thread.
    pub(crate) fn of(stream: &Stream) -> Option<Self> {
        Some(Self::new(&stream.peer_creds().ok()?, PeerUser::of(stream)))
    }

    /// Returns the process of a peer, in an event loop.
    pub(crate) async fn of_socket(socket: &Socket, peer: &PeerCreds) -> Self {
        Self::new(peer, PeerUser::of_socket(socket, peer).await)
    }

    fn new(peer: &PeerCreds, user: Option<PeerUser>) -> Self {
        let pid = peer.pid().and_then(|pid| u32::try_from(i64::from(pid)).ok());
        Self { pid, command: pid.and_then(process_name), user }
    }
}

/// Such as `pid 12 (nc), user alice (uid 1000)`; empty if nothing is known.
impl Display for PeerProcess {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { pid, command, user } = self;
        let command = command.as_ref().map(|command| format!(" ({command})")).unwrap_or_default();
        let pid = pid.map(|pid| format!("pid {pid}{command}"));
        let user = user.as_ref().map(|user| format!("user {user}"));
        let parts: Vec<String> = pid.into_iter().chain(user).collect();
        f.write_str(&parts.join(", "))
    }
}

/// Returns the process and the user of a peer, as numbers for programs.
pub(crate) fn numbers(peer: &PeerCreds) -> (Option<u64>, Option<u64>) {
    let pid = peer.pid().and_then(|pid| u64::try_from(i64::from(pid)).ok());
    (pid, user(peer).map(u64::from))
}

/// Returns the program of a peer for the log, such as ` (nc)`; nothing if it is not known.
pub(crate) fn program(peer: &PeerCreds) -> String {
    let pid = peer.pid().and_then(|pid| u32::try_from(i64::from(pid)).ok());
    pid.and_then(process_name).map(|program| format!(" ({program})")).unwrap_or_default()
}

/// Formats the process, user and group of a client for the log.
pub(crate) fn describe(peer: &PeerCreds, stream: &impl accounts::StreamEnd) -> String {
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
        ("LSOCK_PEER_SID", user.and_then(PeerUser::sid)),
        ("LSOCK_PEER_PID", pid.clone()),
        ("LSOCK_PEER_UID", uid.clone()),
        ("LSOCK_PEER_GID", gid.clone()),
        ("IPCREMOTEPID", pid),
        ("IPCREMOTEEUID", uid),
        ("IPCREMOTEEGID", gid),
    ]
}
