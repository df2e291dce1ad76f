//! Finds the sockets of a name in the tables of the system.

use super::{path_walk::user, socket_file::SocketState};
use crate::{
    diag::standing::Backlog,
    system::{
        ListenState, NameSockets, SeenClient, SeenProcess, ServerClients, SocketQuery,
        socket_table::{
            self, EntryAddress, EntryName, EntryState, ProcessFacts, ProcessScope, SocketEntry,
            SocketKind, SocketOwners, SocketQueue, TableSource,
        },
    },
};
use local_socket::{Name, os::unix::NameExt as _};
use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// Finds the sockets of a name. Nothing is connected to.
pub(crate) fn find_sockets(name: &Name<'_>, query: SocketQuery) -> NameSockets {
    let Ok(files) = name.socket_files() else { return NameSockets::UNKNOWN };
    let file = files.iter().find(|file| file.exists()).or(files.first());
    let wanted = Wanted::of(name, file.map(|file| &**file));
    let mut listed = Listed::default();
    let source = socket_table::visit(
        &[EntryState::Listening, EntryState::Unconnected, EntryState::Connected],
        |entry| {
            listed.add(entry, &wanted);
        },
    );
    match (source, listed.server.take()) {
        (Ok(source), Some(server)) => of_server(&server, listed, source, query),
        // A server in another network namespace is not in the table, and can be reached by its file.
        (source, None) => {
            let state = file.map_or_else(
                || SocketState::of_abstract_name(name.as_bytes()),
                |file| SocketState::of_file(file),
            );
            of_state(state, source.is_ok() && file.is_none())
        }
        (Err(_), Some(_)) => NameSockets::UNKNOWN,
    }
}

/// What the sockets of a name have in the table.
struct Wanted {
    address: Option<EntryAddress>,
    /// The path as typed, and without symbolic links.
    paths: Vec<PathBuf>,
}

impl Wanted {
    fn of(name: &Name<'_>, file: Option<&Path>) -> Self {
        let resolved = file.and_then(|file| fs::canonicalize(file).ok());
        let paths = file.map(Path::to_owned).into_iter().chain(resolved).collect();
        Self { address: super::socket_table::address_of(name), paths }
    }

    fn is_met_by(&self, entry: &SocketEntry) -> bool {
        match &entry.name {
            // The list of the system shows no files, only paths as servers have given them to
            // bind(2).
            Some(EntryName::Path(path)) if entry.file.is_none() => {
                self.paths.iter().any(|known| known.as_os_str().as_bytes() == path)
            }
            Some(_) => self.address.is_some() && entry.address() == self.address,
            None => false,
        }
    }
}

/// The sockets of the name that the table has.
#[derive(Debug, Default)]
struct Listed {
    /// The socket that listens, or else one that is open.
    server: Option<SocketEntry>,
    /// The clients of accepted connections.
    clients: Vec<u32>,
}

impl Listed {
    fn add(&mut self, entry: SocketEntry, wanted: &Wanted) {
        if !wanted.is_met_by(&entry) {
            return;
        }
        let is_connection =
            entry.state == EntryState::Connected && entry.kind != SocketKind::Datagram;
        if is_connection {
            self.clients.extend(entry.peer);
        } else if self.server.is_none() || entry.state == EntryState::Listening {
            self.server = Some(entry);
        }
    }
}

fn of_server(
    server: &SocketEntry,
    listed: Listed,
    source: TableSource,
    query: SocketQuery,
) -> NameSockets {
    let is_datagram = server.kind == SocketKind::Datagram;
    let listening = if server.state == EntryState::Listening || is_datagram {
        ListenState::Yes
    } else {
        ListenState::No
    };
    let backlog = match server.queue {
        Some(SocketQueue::Backlog { used, limit }) => Some(Backlog { used, limit }),
        _ => None,
    };
    let mut sockets = NameSockets {
        listening,
        kind: Some(server.kind),
        inode: Some(server.inode),
        creator: server.uid.map(user),
        backlog,
        ..NameSockets::UNKNOWN
    };
    let SocketQuery::Processes { clients: shown } = query else { return sockets };
    let mut clients = listed.clients;
    // The kernel lists those of a long backlog in no answer.
    clients.extend(socket_table::pending(server.inode).unwrap_or_default());
    clients.sort_unstable();
    clients.dedup();
    let is_wanted = |inode| inode == server.inode || clients.binary_search(&inode).is_ok();
    let owners = SocketOwners::find(ProcessScope::All, is_wanted);
    sockets.servers = owners.of(server.inode).iter().map(|process| seen(process)).collect();
    sockets.is_complete = owners.is_complete();
    // The list shows no connections.
    let has_clients =
        source == TableSource::Netlink && !is_datagram && listening == ListenState::Yes;
    sockets.clients = has_clients.then(|| listed_clients(&clients, &owners, shown));
    sockets
}

/// Returns the clients by their connections.
fn listed_clients(connections: &[u32], owners: &SocketOwners, shown: usize) -> ServerClients {
    let pids = |inode| owners.of(inode).iter().map(|process| process.pid).collect::<Vec<_>>();
    let mut clients: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
    for inode in connections {
        clients.entry(pids(*inode)).or_default().push(*inode);
    }
    let unlisted = clients.values().skip(shown).map(Vec::len).sum();
    let listed = clients.values().take(shown).filter_map(|connections| {
        let processes = owners.of(*connections.first()?);
        Some(SeenClient {
            connections: connections.len(),
            processes: processes.iter().map(|process| seen(process)).collect(),
        })
    });
    ServerClients { connections: connections.len(), listed: listed.collect(), unlisted }
}

/// Returns what is known without the table. `is_listed` says that the table has all names of this
/// kind.
fn of_state(state: io::Result<SocketState>, is_listed: bool) -> NameSockets {
    let with = |listening, kind| NameSockets { kind, ..NameSockets::without_server(listening) };
    let listening = |listens| if listens { ListenState::Yes } else { ListenState::No };
    match state {
        Ok(SocketState::Closed) => with(ListenState::No, None),
        Ok(SocketState::Datagram) => with(ListenState::Yes, Some(SocketKind::Datagram)),
        Ok(SocketState::Stream { listens }) => with(listening(listens), Some(SocketKind::Stream)),
        Ok(SocketState::SeqPacket { listens }) => {
            with(listening(listens), Some(SocketKind::SeqPacket))
        }
        Ok(SocketState::Open) => with(ListenState::Open, None),
        Err(error) if is_listed || error.kind() == io::ErrorKind::NotFound => {
            with(ListenState::No, None)
        }
        Err(_) => NameSockets::UNKNOWN,
    }
}

fn seen(process: &ProcessFacts) -> SeenProcess {
    SeenProcess {
        pid: process.pid,
        command: process.command.clone(),
        user: user(process.uid),
        started: process.started,
    }
}
