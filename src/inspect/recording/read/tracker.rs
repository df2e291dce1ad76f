use super::{
    segment::CapturedSegment,
    stream_order::{Gap, StreamOrder, StreamState},
};
use crate::transfer::Role;
use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
};

/// Follows the TCP connections of a capture file.
#[derive(Debug, Default)]
pub(super) struct ConnectionTracker {
    connections: HashMap<AddressPair, TrackedConnection>,
    /// Number of connections whose beginning was seen.
    begun: u64,
    /// Address pairs with bytes of connections whose beginning was not seen.
    unbegun: HashSet<AddressPair>,
}

/// The addresses of a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AddressPair {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
}

#[derive(Debug)]
struct TrackedConnection {
    /// Its number in the order of beginnings, from 1.
    ordinal: u64,
    /// The first sequence number of the client.
    first: u32,
    client: StreamOrder,
    server: StreamOrder,
    was_reset: bool,
    is_broken: bool,
}

/// What happens in a connection.
#[derive(Debug)]
pub(super) enum StreamEvent<'a> {
    Opened(AddressPair),
    Chunk {
        from: Role,
        bytes: &'a [u8],
    },
    Ended(Role),
    Reset(Role),
    /// Bytes that this end has sent are missing. Nothing follows.
    Gap(Role, Gap),
}

/// Called with the ordinal of a connection and its event.
pub(super) type SeeEvent<'a> = dyn FnMut(u64, StreamEvent<'_>) + 'a;

impl ConnectionTracker {
    /// Returns the number of connections whose beginning was not seen.
    pub(super) fn unbegun(&self) -> usize {
        self.unbegun.len()
    }

    /// Adds a segment.
    pub(super) fn add(&mut self, segment: &CapturedSegment<'_>, see: &mut SeeEvent<'_>) {
        let forth = AddressPair { client: segment.from, server: segment.to };
        let back = AddressPair { client: segment.to, server: segment.from };
        if segment.syn && segment.acknowledgment.is_none() {
            let is_repeated = self.connections.get(&forth).is_some_and(|connection| {
                connection.first == segment.sequence && connection.is_untouched()
            });
            if !is_repeated {
                self.open(forth, segment.sequence, see);
            }
        }
        let (from, connection) = if let Some(connection) = self.connections.get_mut(&forth) {
            (Role::Client, connection)
        } else if let Some(connection) = self.connections.get_mut(&back) {
            (Role::Server, connection)
        } else {
            if !segment.payload.is_empty() && !self.unbegun.contains(&back) {
                self.unbegun.insert(forth);
            }
            return;
        };
        connection.add(from, segment, see);
    }

    /// Reports what is missing of the connections that have not ended.
    pub(super) fn finish(&self, see: &mut SeeEvent<'_>) {
        for connection in self.connections.values() {
            connection.report_gap(see);
        }
    }

    fn open(&mut self, addresses: AddressPair, first: u32, see: &mut SeeEvent<'_>) {
        self.begun += 1;
        let connection = TrackedConnection {
            ordinal: self.begun,
            first,
            client: StreamOrder::default(),
            server: StreamOrder::default(),
            was_reset: false,
            is_broken: false,
        };
        let earlier = self.connections.insert(addresses, connection);
        if let Some(earlier) = earlier {
            earlier.report_gap(see);
        }
        see(self.begun, StreamEvent::Opened(addresses));
    }
}

impl TrackedConnection {
    /// Returns whether nothing follows its beginning.
    fn is_untouched(&self) -> bool {
        self.client.is_untouched() && self.server.is_untouched() && !self.was_reset
    }

    fn add(&mut self, from: Role, segment: &CapturedSegment<'_>, see: &mut SeeEvent<'_>) {
        if self.was_reset || self.is_broken {
            return;
        }
        let (sender, receiver) = match from {
            Role::Client => (&mut self.client, &mut self.server),
            Role::Server => (&mut self.server, &mut self.client),
        };
        if let Some(acknowledgment) = segment.acknowledgment {
            // The first segment of the other end is missing.
            receiver.begin(acknowledgment);
            receiver.acknowledge(acknowledgment);
        }
        let has_ended = sender.has_ended() && receiver.has_ended();
        if segment.rst {
            self.was_reset = true;
            if !has_ended {
                see(self.ordinal, StreamEvent::Reset(from));
                self.report_gap(see);
            }
            return;
        }
        let ordinal = self.ordinal;
        // SYN counts as one byte.
        let sequence = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.payload.is_empty() && !segment.fin && !segment.syn && sender.has_begun() {
            return;
        }
        let CapturedSegment { payload, fin, is_cut, .. } = *segment;
        let state = sender.add(sequence, payload, fin, is_cut, &mut |bytes| {
            see(ordinal, StreamEvent::Chunk { from, bytes });
        });
        match state {
            StreamState::Continues => {}
            StreamState::Ended => see(ordinal, StreamEvent::Ended(from)),
            StreamState::Broken => {
                self.report_gap(see);
                self.is_broken = true;
                (self.client, self.server) = Default::default();
            }
        }
    }

    fn report_gap(&self, see: &mut SeeEvent<'_>) {
        for (role, stream) in [(Role::Client, &self.client), (Role::Server, &self.server)] {
            if let Some(gap) = stream.gap() {
                see(self.ordinal, StreamEvent::Gap(role, gap));
            }
        }
    }
}
