//! Who listens on a name and who is connected, found without connecting.

use super::{NumberedAccount, socket_table::SocketKind};
use crate::diag::standing::Backlog;
use std::time::SystemTime;

/// The sockets of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameSockets {
    pub(crate) listening: ListenState,
    /// The type of the server's socket, if there is one.
    pub(crate) kind: Option<SocketKind>,
    /// The number by which the system lists the server's socket.
    pub(crate) inode: Option<u32>,
    /// The processes that have the server's socket open, as far as this user can see them.
    pub(crate) servers: Vec<SeenProcess>,
    /// The user who has created the server's socket.
    pub(crate) creator: Option<NumberedAccount>,
    pub(crate) backlog: Option<Backlog>,
    /// `None` if the system does not say who is connected.
    pub(crate) clients: Option<ServerClients>,
    /// Whether the processes of all users could be examined.
    pub(crate) is_complete: bool,
}

/// Whether somebody listens on a name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    any(windows, target_os = "linux"),
    allow(dead_code, reason = "these systems say whether a socket listens")
)]
pub(crate) enum ListenState {
    Yes,
    No,
    /// A process has a socket open under the name; the system does not say whether it listens.
    Open,
    /// The system does not say.
    Unknown,
}

/// The clients of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerClients {
    /// Number of connections, those that wait to be accepted included.
    pub(crate) connections: usize,
    /// The first clients.
    pub(crate) listed: Vec<SeenClient>,
    /// Number of connections of the clients that are not listed.
    pub(crate) unlisted: usize,
}

/// A client with all its connections to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenClient {
    pub(crate) connections: usize,
    /// The processes that have them open; none if this user may not see them.
    pub(crate) processes: Vec<SeenProcess>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenProcess {
    pub(crate) pid: u32,
    pub(crate) command: String,
    pub(crate) user: NumberedAccount,
    pub(crate) started: Option<SystemTime>,
}

/// What is looked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum SocketQuery {
    /// Only whether somebody listens.
    IsListening,
    /// Also the processes, and this many clients.
    Processes { clients: usize },
}

impl NameSockets {
    /// Nothing is known about the sockets.
    pub(crate) const UNKNOWN: Self = Self::without_server(ListenState::Unknown);

    /// Returns the sockets of a name without a server that is known.
    pub(crate) const fn without_server(listening: ListenState) -> Self {
        Self {
            listening,
            kind: None,
            inode: None,
            servers: Vec::new(),
            creator: None,
            backlog: None,
            clients: None,
            is_complete: true,
        }
    }
}
