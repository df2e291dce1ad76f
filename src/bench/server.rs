//! The server of a measurement.

use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// Which program is the server, and what it does. Displayed as the word of reports.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ServerKind {
    /// A separate process of lsock.
    Process,
    /// Threads in the process of the clients.
    InProcess,
    /// A server of another program (`--to`) that echoes.
    ForeignEcho,
    /// A server of another program (`--to`) that discards: the arrival of bytes is not checked.
    ForeignDiscard,
    /// A server of lsock for clients of another program (`--at`), which echoes.
    OwnEcho,
    /// A server of lsock for clients of another program (`--at`), which discards.
    OwnDiscard,
}

/// What a server does with the bytes that it receives.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerBehaviour {
    /// Sends them back.
    Echo,
    /// Only reads them.
    Discard,
}

/// The server with its name, for people and in saved results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerDescription {
    pub(crate) kind: ServerKind,
    /// NAME of `--to` or `--at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

impl ServerKind {
    /// Returns whether clients connect to a server of another program.
    pub(crate) fn is_foreign(self) -> bool {
        matches!(self, Self::ForeignEcho | Self::ForeignDiscard)
    }

    /// Returns whether the clients are of another program.
    pub(crate) fn has_foreign_clients(self) -> bool {
        matches!(self, Self::OwnEcho | Self::OwnDiscard)
    }

    /// Returns what the server does, unless the workload decides that.
    pub(crate) fn behaviour(self) -> Option<ServerBehaviour> {
        match self {
            Self::Process | Self::InProcess => None,
            Self::ForeignEcho | Self::OwnEcho => Some(ServerBehaviour::Echo),
            Self::ForeignDiscard | Self::OwnDiscard => Some(ServerBehaviour::Discard),
        }
    }
}

impl Display for ServerDescription {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or_default();
        match self.kind {
            ServerKind::Process => f.write_str("a separate process"),
            ServerKind::InProcess => f.write_str("threads of the same process"),
            ServerKind::ForeignEcho => write!(f, "an external one at {name}, which echoes"),
            ServerKind::ForeignDiscard => write!(f, "an external one at {name}, which discards"),
            ServerKind::OwnEcho => write!(f, "this process at {name}, which echoes"),
            ServerKind::OwnDiscard => write!(f, "this process at {name}, which discards"),
        }
    }
}
