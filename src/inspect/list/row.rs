//! The rows of the list.

use crate::{
    diag::standing::Backlog,
    system::{
        socket_file::is_aside,
        socket_table::{ListedName, PathFinding, ProcessFacts, SocketEntry, SocketKind},
    },
};
use std::rc::Rc;

/// A row of the list: a socket, or both ends of a connection.
#[derive(Debug)]
pub(crate) struct SocketRow {
    pub(crate) state: RowState,
    /// `None` for a socket file that nobody has open.
    pub(crate) kind: Option<SocketKind>,
    pub(crate) name: Option<ListedName>,
    pub(crate) backlog: Option<Backlog>,
    /// Number of clients that are connected or wait to be accepted, of a listening socket.
    pub(crate) clients: Option<u32>,
    /// The socket with the name, if there is one, or one of two that are equal.
    pub(crate) server: Option<SocketEnd>,
    pub(crate) client: Option<SocketEnd>,
    /// Number of bytes that the client has sent and the server has not received.
    pub(crate) to_server: Option<u32>,
    pub(crate) to_client: Option<u32>,
    /// Whether the processes of all users could be examined.
    pub(crate) sees_all_processes: bool,
}

/// What the sockets of a row do.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowState {
    /// The socket accepts connections.
    Listening,
    /// A datagram socket with a name, to which others send.
    Receiving,
    Connected,
    /// The client waits until the server accepts it.
    Waiting,
    /// The other end has been closed, or is in another network namespace.
    Closed,
    /// The socket is neither connected nor listening.
    Unconnected,
    /// A socket file whose socket is closed.
    Stale,
}

impl SocketRow {
    /// Returns the ends that there are.
    pub(crate) fn ends(&self) -> impl Iterator<Item = &SocketEnd> {
        self.server.iter().chain(&self.client)
    }

    /// Returns why the name does not lead to the socket, as far as the list shows it. A connection
    /// does not need its name any more.
    pub(crate) fn note(&self) -> Option<&'static str> {
        match (self.state, self.name.as_ref()?.finding()) {
            (RowState::Stale, _) if self.is_left_by_tap() => Some("stale, of a tap"),
            (RowState::Stale, _) => Some("stale"),
            (RowState::Connected | RowState::Waiting | RowState::Closed, _) => None,
            (_, PathFinding::Found) => self.name.as_ref()?.obstacle(),
            (_, PathFinding::NotThere) => Some("not at this path"),
            (_, PathFinding::Tapped) => Some("moved by a tap"),
            (_, PathFinding::UnknownFolder) => Some("folder unknown"),
        }
    }

    /// Returns whether the name is one that a tap gives to socket files.
    fn is_left_by_tap(&self) -> bool {
        matches!(&self.name, Some(ListedName::Path { path, .. }) if is_aside(path))
    }

    /// Returns the key by which rows are sorted. The rows of a name are together; rows without a
    /// name are last.
    pub(crate) fn order(&self) -> (bool, String, u8, Option<u32>) {
        let name = self.name.as_ref().map(ToString::to_string);
        let inode = self.ends().last().and_then(|end| end.inode);
        (name.is_none(), name.unwrap_or_default(), self.state as u8, inode)
    }
}

/// An end of a connection, or a socket without one.
#[derive(Debug)]
pub(crate) struct SocketEnd {
    /// `None` for a socket file that nobody has open.
    pub(crate) inode: Option<u32>,
    /// The user who has created the socket.
    pub(crate) creator: Option<u32>,
    /// The processes that have the socket open, as far as this user may see them.
    pub(crate) processes: Vec<Rc<ProcessFacts>>,
}

impl RowState {
    /// Returns the word for tables and JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::Receiving => "receiving",
            Self::Connected => "connected",
            Self::Waiting => "waiting",
            Self::Closed => "closed",
            Self::Unconnected => "unconnected",
            Self::Stale => "stale",
        }
    }
}

impl SocketEnd {
    pub(crate) fn new(entry: &SocketEntry, processes: &[Rc<ProcessFacts>]) -> Self {
        Self { inode: Some(entry.inode), creator: entry.uid, processes: processes.to_vec() }
    }

    /// Returns the process that the socket serves. A service manager that has only passed the
    /// socket on (process 1) comes last.
    pub(crate) fn main_process(&self) -> Option<&ProcessFacts> {
        let others = self.processes.iter().find(|process| process.pid != 1);
        others.or(self.processes.first()).map(|process| &**process)
    }

    /// Returns the user of the process, or else the one who has created the socket.
    pub(crate) fn user(&self) -> Option<u32> {
        self.main_process().map(|process| process.uid).or(self.creator)
    }
}

/// Returns one row of each kind, with names of Linux.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn fixture() -> Vec<SocketRow> {
    use std::time::{Duration, SystemTime};

    // Users without a name.
    let process = |pid, command: &str, uid| {
        let started = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
        Rc::new(ProcessFacts { pid, command: command.to_owned(), uid, started })
    };
    let end = |inode, processes| SocketEnd {
        inode: Some(inode),
        creator: Some(4_000_000_001),
        processes,
    };
    let path = |path: &str, finding| Some(ListedName::Path { path: path.into(), finding });
    let row = SocketRow {
        state: RowState::Listening,
        kind: Some(SocketKind::Stream),
        name: Some(ListedName::Abstract(b"app".to_vec())),
        backlog: Some(Backlog { used: 1, limit: 128 }),
        clients: Some(3),
        server: Some(end(
            12,
            vec![process(1, "systemd", 4_000_000_000), process(77, "app", 4_000_000_001)],
        )),
        client: None,
        to_server: None,
        to_client: None,
        sees_all_processes: true,
    };
    let connected = |state| SocketRow {
        state,
        kind: Some(SocketKind::SeqPacket),
        name: Some(ListedName::Abstract(vec![b'a', b'\n', 0xff])),
        backlog: None,
        clients: None,
        server: Some(end(13, vec![process(77, "app", 4_000_000_001)])),
        client: Some(end(14, vec![process(99, "a \x1b\u{9b}\u{202e} b", 4_000_000_002)])),
        to_server: Some(5),
        to_client: Some(0),
        sees_all_processes: false,
    };
    let stale = SocketEnd { inode: None, creator: Some(4_000_000_003), processes: Vec::new() };
    vec![
        row,
        connected(RowState::Connected),
        SocketRow {
            state: RowState::Receiving,
            kind: Some(SocketKind::Datagram),
            name: path("/run/gone", PathFinding::NotThere),
            client: None,
            server: Some(end(15, Vec::new())),
            ..connected(RowState::Receiving)
        },
        SocketRow {
            name: path("run/a", PathFinding::UnknownFolder),
            client: None,
            ..connected(RowState::Unconnected)
        },
        SocketRow { name: None, ..connected(RowState::Connected) },
        SocketRow {
            kind: None,
            name: path("/run/a/rather/long/name/of.sock", PathFinding::Found),
            server: Some(stale),
            client: None,
            to_server: None,
            to_client: None,
            ..connected(RowState::Stale)
        },
    ]
}
