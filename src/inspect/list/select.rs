//! Selects the rows of the list.

use super::{
    join::{Joined, join},
    pattern::NamePattern,
    row::{RowState, SocketEnd, SocketRow},
};
use crate::{
    diag::standing::Backlog,
    system::socket_table::{
        self, EntryAddress, EntryName, EntryState, ListedName, ProcessScope, SocketEntry,
        SocketKind, SocketOwners, SocketQueue, TableSource,
    },
};
use std::{
    collections::{HashMap, HashSet},
    io,
    rc::Rc,
};

/// Which sockets are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    /// Also connections, and sockets without a name.
    pub(crate) all: bool,
    /// One of these; every name if there is none.
    pub(crate) patterns: Vec<NamePattern>,
    /// One of these; every type if there is none.
    pub(crate) kinds: Vec<SocketKind>,
    pub(crate) pid: Option<u32>,
    pub(crate) user: Option<u32>,
}

/// The sockets of the system that were asked for.
#[derive(Debug)]
pub(crate) struct SocketList {
    /// Sorted by name; those without a name are last.
    pub(crate) rows: Vec<SocketRow>,
    pub(crate) source: TableSource,
    /// Number of sockets in the rows whose processes were not found because this user may not
    /// examine all processes.
    pub(crate) hidden: usize,
    /// Number of sockets with relative paths that would match a pattern if their folder, which is not
    /// known, were that of the pattern.
    pub(crate) unplaced: usize,
}

/// Lists the sockets of the system.
///
/// # Errors
/// `Unsupported` if this system has no table of sockets, or an error of reading it.
pub(crate) fn list(query: &ListQuery) -> io::Result<SocketList> {
    let (mut joined, clients, source) = if query.all { all(query)? } else { named(query)? };
    if let Some(pid) = query.pid {
        let own = SocketOwners::find(ProcessScope::Process(pid), |_| true);
        joined.retain(|row| row.ends().any(|end| !own.of(end.inode).is_empty()));
    }
    let inodes: HashSet<u32> = joined.iter().flat_map(Joined::ends).map(|end| end.inode).collect();
    let owners = SocketOwners::find(ProcessScope::All, |inode| inodes.contains(&inode));
    let rows = joined.iter().map(|row| listed_row(row, &owners, &clients));
    let mut unplaced = HashSet::new();
    let is_wanted = |row: &SocketRow| {
        let is_wanted = query.wants(row);
        if !is_wanted && query.may_want_row(row) {
            unplaced.extend(row.ends().filter_map(|end| end.inode));
        }
        is_wanted
    };
    let mut rows: Vec<SocketRow> = rows.filter(is_wanted).collect();
    rows.sort_by_cached_key(SocketRow::order);
    let ends = || rows.iter().flat_map(SocketRow::ends);
    let hidden = ends().filter(|end| end.processes.is_empty() && !owners.is_complete()).count();
    Ok(SocketList { rows, source, hidden, unplaced: still_open(&unplaced)? })
}

/// Returns how many of the sockets are still open. The folder of a socket that is closed just now is
/// not known either, because its process has gone.
fn still_open(inodes: &HashSet<u32>) -> io::Result<usize> {
    let mut count = 0;
    if !inodes.is_empty() {
        socket_table::visit(&ALL_STATES, |entry| {
            count += usize::from(inodes.contains(&entry.inode));
        })?;
    }
    Ok(count)
}

/// The number of clients of each name.
type ClientCounts = HashMap<(SocketKind, EntryAddress), u32>;

/// Returns the sockets that have names and are no connections.
fn named(query: &ListQuery) -> io::Result<(Vec<Joined>, ClientCounts, TableSource)> {
    let mut entries = Vec::new();
    let source = socket_table::visit(&[EntryState::Listening, EntryState::Unconnected], |entry| {
        let is_server = entry.state == EntryState::Listening || entry.kind == SocketKind::Datagram;
        if is_server && entry.name.is_some() && query.may_want([&entry]) {
            entries.push(Rc::new(entry));
        }
    })?;
    let counts = count_clients(&entries, source)?;
    Ok((join(&entries, &HashMap::new()), counts, source))
}

/// Returns all sockets, or those that the query selects and their peers.
fn all(query: &ListQuery) -> io::Result<(Vec<Joined>, ClientCounts, TableSource)> {
    // The others are not kept: there can be many more of them than are printed.
    let selected = query.selects().then(|| selected(query)).transpose()?;
    let mut entries = Vec::new();
    let source = socket_table::visit(&ALL_STATES, |entry| {
        let is_selected = selected.as_ref().is_none_or(|selected| {
            let has = |inode| selected.contains(inode);
            has(&entry.inode) || entry.peer.as_ref().is_some_and(has) || is_waited_for(&entry)
        });
        if is_selected && query.is_kind(entry.kind) {
            entries.push(Rc::new(entry));
        }
    })?;
    let counts = count_clients(&entries, source)?;
    let mut waiting = HashMap::new();
    for listener in entries.iter().filter(|entry| is_waited_for(entry)) {
        // A socket that was closed meanwhile has no clients that wait.
        let clients = socket_table::pending(listener.inode).unwrap_or_default();
        waiting.extend(clients.into_iter().map(|client| (client, listener.inode)));
    }
    let mut joined = join(&entries, &waiting);
    joined.retain(|row| query.may_want(row.ends().map(|end| &**end)));
    Ok((joined, counts, source))
}

const ALL_STATES: [EntryState; 3] =
    [EntryState::Listening, EntryState::Unconnected, EntryState::Connected];

/// Returns the inode numbers of the sockets of the process, or else of those whose names match, with
/// their peers and with the clients that wait for them.
fn selected(query: &ListQuery) -> io::Result<HashSet<u32>> {
    let own = query.pid.map(|pid| SocketOwners::find(ProcessScope::Process(pid), |_| true));
    let mut inodes = HashSet::new();
    let mut waited_for = Vec::new();
    socket_table::visit(&ALL_STATES, |entry| {
        let is_selected = match &own {
            Some(own) => !own.of(entry.inode).is_empty(),
            None => query.may_want([&entry]),
        };
        if is_selected {
            inodes.insert(entry.inode);
            inodes.extend(entry.peer);
            if is_waited_for(&entry) {
                waited_for.push(entry.inode);
            }
        }
    })?;
    for listener in waited_for {
        inodes.extend(socket_table::pending(listener).unwrap_or_default());
    }
    Ok(inodes)
}

/// Returns whether clients wait until the socket accepts them.
fn is_waited_for(entry: &SocketEntry) -> bool {
    matches!(entry.queue, Some(SocketQueue::Backlog { used: 1.., .. }))
}

/// Counts the connections that the listening sockets have accepted, without keeping them: there can
/// be many more of them than are printed. The client of a connection without a peer has closed; the
/// list of the system shows no peers.
fn count_clients(entries: &[Rc<SocketEntry>], source: TableSource) -> io::Result<ClientCounts> {
    let listening = entries.iter().filter(|entry| entry.state == EntryState::Listening);
    let names = listening.filter_map(|entry| Some((entry.kind, entry.address()?)));
    let mut counts: ClientCounts = names.map(|name| (name, 0)).collect();
    if counts.is_empty() {
        return Ok(counts);
    }
    socket_table::visit(&[EntryState::Connected], |entry| {
        if (entry.peer.is_some() || source == TableSource::List)
            && let Some(address) = entry.address()
            && let Some(count) = counts.get_mut(&(entry.kind, address))
        {
            *count += 1;
        }
    })?;
    Ok(counts)
}

fn listed_row(joined: &Joined, owners: &SocketOwners, counts: &ClientCounts) -> SocketRow {
    let end = |entry: &Option<Rc<SocketEntry>>| {
        entry.as_ref().map(|entry| SocketEnd::new(entry, owners.of(entry.inode)))
    };
    let received = |entry: &Option<Rc<SocketEntry>>| match entry.as_ref()?.queue? {
        SocketQueue::Bytes { received } => Some(received),
        SocketQueue::Backlog { .. } => None,
    };
    let server = joined.server.as_ref();
    let backlog = match server.and_then(|server| server.queue) {
        Some(SocketQueue::Backlog { used, limit }) if joined.state == RowState::Listening => {
            Some(Backlog { used, limit })
        }
        _ => None,
    };
    let accepted = || {
        let listener = server.filter(|_| joined.state == RowState::Listening)?;
        counts.get(&(listener.kind, listener.address()?)).copied()
    };
    let named = joined.ends().find(|entry| entry.name.is_some());
    SocketRow {
        state: joined.state,
        kind: joined.ends().next().map(|entry| entry.kind),
        name: named.and_then(|entry| {
            let pids = owners.of(entry.inode).iter().map(|process| process.pid);
            Some(socket_table::locate(entry.name.as_ref()?, entry.file, pids))
        }),
        backlog,
        clients: accepted().map(|count| count + backlog.map_or(0, |backlog| backlog.used)),
        server: end(&joined.server),
        client: end(&joined.client),
        to_server: received(&joined.server),
        to_client: received(&joined.client),
        sees_all_processes: owners.is_complete(),
    }
}

impl ListQuery {
    /// Returns whether the query selects sockets by their names or their process.
    fn selects(&self) -> bool {
        self.pid.is_some() || !self.patterns.is_empty()
    }

    fn is_kind(&self, kind: SocketKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Returns whether a row of these sockets can be wanted. The folder of a relative path is not
    /// known yet.
    fn may_want<'a>(&self, ends: impl IntoIterator<Item = &'a SocketEntry>) -> bool {
        ends.into_iter().any(|entry| {
            let is_wanted = || match &entry.name {
                None => false,
                Some(EntryName::Path(path)) if !path.starts_with(b"/") => true,
                Some(name) => self.is_match(&ListedName::as_bound(name)),
            };
            self.is_kind(entry.kind) && (self.patterns.is_empty() || is_wanted())
        })
    }

    fn wants(&self, row: &SocketRow) -> bool {
        let is_match = match &row.name {
            Some(name) => self.is_match(name),
            None => self.patterns.is_empty(),
        };
        is_match && self.is_of_user(row)
    }

    /// Returns whether a row would be wanted if the folder of its name were that of a pattern.
    fn may_want_row(&self, row: &SocketRow) -> bool {
        let may_match = |name| self.patterns.iter().any(|pattern| pattern.may_match(name));
        row.name.as_ref().is_some_and(may_match) && self.is_of_user(row)
    }

    fn is_of_user(&self, row: &SocketRow) -> bool {
        self.user.is_none_or(|user| row.ends().any(|end| end.user() == Some(user)))
    }

    /// Returns whether a name matches one of the patterns.
    pub(super) fn is_match(&self, name: &ListedName) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(name))
    }
}
