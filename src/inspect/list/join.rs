//! Joins the two ends of each connection.

use super::row::RowState;
use crate::system::socket_table::{EntryAddress, EntryState, SocketEntry, SocketKind};
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

/// The sockets of one row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) state: RowState,
    pub(super) server: Option<Rc<SocketEntry>>,
    pub(super) client: Option<Rc<SocketEntry>>,
}

/// Returns a row for each connection and for each socket that is none. `waiting` has the inode
/// numbers of clients that wait to be accepted, with those of the listening sockets.
///
/// The server is the end with the name of a listening socket, or else the end that has a name. Of
/// two ends that are equal it is the one that was created later, as the end is that `accept(2)`
/// returns.
pub(super) fn join(entries: &[Rc<SocketEntry>], waiting: &HashMap<u32, u32>) -> Vec<Joined> {
    let listening: HashSet<(SocketKind, EntryAddress)> = entries
        .iter()
        .filter(|entry| entry.state == EntryState::Listening)
        .filter_map(|entry| Some((entry.kind, entry.address()?)))
        .collect();
    let rank = |entry: &SocketEntry| {
        let address = entry.address();
        let is_named = address.is_some();
        let is_accepted = address.is_some_and(|address| listening.contains(&(entry.kind, address)));
        (is_accepted, is_named, entry.inode)
    };
    let places: HashMap<u32, usize> =
        entries.iter().enumerate().map(|(place, entry)| (entry.inode, place)).collect();
    let mut is_joined = vec![false; entries.len()];
    let mut rows = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        if is_joined[place] {
            continue;
        }
        let peer = entry.peer.and_then(|peer| places.get(&peer)).copied();
        let both_ways = peer.filter(|peer| entries[*peer].peer == Some(entry.inode));
        let row = match (entry.state, peer, both_ways) {
            (EntryState::Listening, ..) => Joined::new(RowState::Listening, Some(entry), None),
            (EntryState::Unconnected, ..) => {
                let receives = entry.kind == SocketKind::Datagram && entry.name.is_some();
                let state = if receives { RowState::Receiving } else { RowState::Unconnected };
                Joined::new(state, Some(entry), None)
            }
            (EntryState::Connected, _, Some(other)) => {
                is_joined[other] = true;
                let mut ends = [entry, &entries[other]];
                ends.sort_by_key(|end| rank(end));
                let [client, server] = ends;
                Joined::new(RowState::Connected, Some(server), Some(client))
            }
            // Many datagram sockets can be connected to one, which has a row of its own.
            (EntryState::Connected, Some(other), None) => {
                Joined::new(RowState::Connected, Some(&entries[other]), Some(entry))
            }
            (EntryState::Connected, None, _) => match waiting.get(&entry.inode) {
                Some(listener) => {
                    let listener = places.get(listener).map(|place| &entries[*place]);
                    Joined::new(RowState::Waiting, listener, Some(entry))
                }
                None if entry.name.is_some() => Joined::new(RowState::Closed, Some(entry), None),
                None => Joined::new(RowState::Closed, None, Some(entry)),
            },
        };
        rows.push(row);
    }
    rows
}

impl Joined {
    fn new(
        state: RowState,
        server: Option<&Rc<SocketEntry>>,
        client: Option<&Rc<SocketEntry>>,
    ) -> Self {
        Self { state, server: server.cloned(), client: client.cloned() }
    }

    /// Returns the sockets of the row.
    pub(super) fn ends(&self) -> impl Iterator<Item = &Rc<SocketEntry>> {
        self.server.iter().chain(&self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::socket_table::EntryName;
    use proptest::prelude::*;

    fn entry(
        inode: u32,
        state: EntryState,
        name: Option<&str>,
        peer: Option<u32>,
    ) -> Rc<SocketEntry> {
        Rc::new(SocketEntry {
            inode,
            kind: SocketKind::Stream,
            state,
            name: name.map(|name| EntryName::Abstract(name.into())),
            file: None,
            uid: None,
            peer,
            queue: None,
        })
    }

    fn datagram(
        inode: u32,
        state: EntryState,
        name: Option<&str>,
        peer: Option<u32>,
    ) -> Rc<SocketEntry> {
        let stream = entry(inode, state, name, peer);
        Rc::new(SocketEntry { kind: SocketKind::Datagram, ..Rc::unwrap_or_clone(stream) })
    }

    /// Returns state, server and client of each row.
    fn joined(
        entries: &[Rc<SocketEntry>],
        waiting: &[(u32, u32)],
    ) -> Vec<(RowState, Option<u32>, Option<u32>)> {
        let rows = join(entries, &waiting.iter().copied().collect());
        let inode = |end: Option<Rc<SocketEntry>>| end.map(|end| end.inode);
        rows.into_iter().map(|row| (row.state, inode(row.server), inode(row.client))).collect()
    }

    #[test]
    fn both_ends_of_a_connection_are_one_row() {
        use EntryState as S;
        use RowState::{Closed, Connected, Listening, Unconnected, Waiting};
        let entries = [
            entry(1, S::Listening, Some("a"), None),
            // A client that has a name as well, and was created later.
            entry(2, S::Connected, Some("a"), Some(9)),
            entry(9, S::Connected, Some("z"), Some(2)),
            // A pair without names.
            entry(3, S::Connected, None, Some(4)),
            entry(4, S::Connected, None, Some(3)),
            entry(5, S::Connected, None, None),
            // The peer is in another network namespace, or has been closed.
            entry(6, S::Connected, Some("a"), Some(77)),
            entry(7, S::Connected, None, None),
            entry(8, S::Unconnected, None, None),
        ];
        let expected = [
            (Listening, Some(1), None),
            (Connected, Some(2), Some(9)),
            (Connected, Some(4), Some(3)),
            (Waiting, Some(1), Some(5)),
            (Closed, Some(6), None),
            (Closed, None, Some(7)),
            (Unconnected, Some(8), None),
        ];
        assert_eq!(joined(&entries, &[(5, 1)]), expected);
    }

    #[test]
    fn several_datagram_sockets_are_connected_to_one() {
        use RowState::{Connected, Receiving, Unconnected};
        let entries = [
            datagram(1, EntryState::Unconnected, Some("log"), None),
            datagram(2, EntryState::Connected, None, Some(1)),
            datagram(3, EntryState::Connected, Some("b"), Some(1)),
            datagram(4, EntryState::Connected, None, Some(3)),
            datagram(5, EntryState::Unconnected, None, None),
            datagram(6, EntryState::Connected, None, Some(7)),
            datagram(7, EntryState::Connected, None, Some(6)),
        ];
        let expected = [
            (Receiving, Some(1), None),
            (Connected, Some(1), Some(2)),
            (Connected, Some(1), Some(3)),
            (Connected, Some(3), Some(4)),
            (Unconnected, Some(5), None),
            (Connected, Some(7), Some(6)),
        ];
        assert_eq!(joined(&entries, &[]), expected);
    }

    proptest! {
        /// Whatever the kernel reports while sockets come and go, each socket is in a row, and no
        /// two rows have the same connected ends.
        #[test]
        fn every_socket_has_a_row(
            sockets in proptest::collection::vec((0..3_u8, any::<bool>(), 0..12_u32), 0..12),
            waiting in proptest::collection::vec((0..12_u32, 0..12_u32), 0..4),
        ) {
            let states = [EntryState::Listening, EntryState::Connected, EntryState::Unconnected];
            let entries: Vec<Rc<SocketEntry>> = (0..)
                .zip(&sockets)
                .map(|(inode, (state, is_named, peer))| {
                    let name = is_named.then_some("a");
                    entry(inode, states[usize::from(*state)], name, Some(*peer))
                })
                .collect();
            let rows = joined(&entries, &waiting);
            for entry in &entries {
                let ends = |row: &(RowState, Option<u32>, Option<u32>)| [row.1, row.2];
                prop_assert!(rows.iter().any(|row| ends(row).contains(&Some(entry.inode))));
            }
            prop_assert!(rows.len() <= entries.len());
            let mut clients: Vec<u32> = rows.iter().filter_map(|row| row.2).collect();
            clients.sort_unstable();
            let count = clients.len();
            clients.dedup();
            prop_assert_eq!(clients.len(), count);
        }
    }
}
