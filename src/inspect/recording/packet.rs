use super::conversation::{Segment, SegmentKind};
use crate::transfer::Role;
use etherparse::{IpNumber, Ipv4Header, TcpHeader};

/// Builds the packets of one connection.
#[derive(Debug)]
pub(super) struct PacketBuilder {
    client: PacketAddress,
    server: PacketAddress,
    packet: Vec<u8>,
}

#[derive(Copy, Clone, Debug)]
struct PacketAddress {
    ip: [u8; 4],
    port: u16,
}

/// The address of all servers.
const SERVER: [u8; 4] = [172, 16, 0, 1];

/// The port of clients. Wireshark chooses no dissector by it, nor by the next ones.
const CLIENT_PORT: u16 = 49_152;

/// The window, which no segment fills.
const WINDOW: u16 = u16::MAX;

const TIME_TO_LIVE: u8 = 64;

impl PacketBuilder {
    /// Creates it for a connection. The address of the client shows its number: 10.0.0.1 for the
    /// first one. After 2^24 connections the port of the client changes.
    pub(super) fn new(number: u64, port: u16) -> Self {
        let [.., round, high, middle, low] = number.to_be_bytes();
        let client = PacketAddress {
            ip: [10, high, middle, low],
            port: CLIENT_PORT.wrapping_add(u16::from(round)),
        };
        Self { client, server: PacketAddress { ip: SERVER, port }, packet: Vec::new() }
    }

    /// Returns the packet of a segment, which must not be too long for one.
    pub(super) fn build(&mut self, segment: &Segment<'_>) -> &[u8] {
        let (from, to) = match segment.from {
            Role::Client => (self.client, self.server),
            Role::Server => (self.server, self.client),
        };
        self.packet.clear();
        let mut tcp = TcpHeader::new(from.port, to.port, segment.sequence, WINDOW);
        tcp.acknowledgment_number = segment.acknowledgment;
        tcp.syn = matches!(segment.kind, SegmentKind::Syn | SegmentKind::SynAck);
        tcp.ack = segment.kind != SegmentKind::Syn;
        tcp.psh = segment.kind == SegmentKind::Data;
        tcp.fin = segment.kind == SegmentKind::Fin;
        tcp.rst = segment.kind == SegmentKind::Reset;
        let length = TcpHeader::MIN_LEN + segment.payload.len();
        let ip = u16::try_from(length).ok().and_then(|length| {
            Ipv4Header::new(length, TIME_TO_LIVE, IpNumber::TCP, from.ip, to.ip).ok()
        });
        if let Some(mut ip) = ip {
            ip.header_checksum = ip.calc_header_checksum();
            tcp.checksum = tcp.calc_checksum_ipv4(&ip, segment.payload).unwrap_or_default();
            self.packet.extend_from_slice(&ip.to_bytes());
            self.packet.extend_from_slice(&tcp.to_bytes());
            self.packet.extend_from_slice(segment.payload);
        }
        &self.packet
    }
}
