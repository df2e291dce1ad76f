use super::capture::CapturedPacket;
use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_file::DataLink;
use std::net::{IpAddr, SocketAddr};

/// A TCP segment of a capture file.
#[derive(Debug)]
pub(super) struct CapturedSegment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) acknowledgment: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    /// What was captured of the payload.
    pub(super) payload: &'a [u8],
    /// Whether the payload was cut off when it was captured.
    pub(super) is_cut: bool,
}

/// The sizes of the headers of link layers, before the IP packet.
const NULL_HEADER: usize = 4;
const LINUX_SLL_HEADER: usize = 16;
const LINUX_SLL2_HEADER: usize = 20;

/// Returns whether packets with this link layer can be read.
pub(super) fn is_known(link: DataLink) -> bool {
    link == DataLink::ETHERNET || header_size(link).is_some()
}

/// Returns the size of a link-layer header that is followed by an IP packet.
fn header_size(link: DataLink) -> Option<usize> {
    match link {
        DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => Some(0),
        DataLink::NULL | DataLink::LOOP => Some(NULL_HEADER),
        DataLink::LINUX_SLL => Some(LINUX_SLL_HEADER),
        DataLink::LINUX_SLL2 => Some(LINUX_SLL2_HEADER),
        _ => None,
    }
}

impl<'a> CapturedSegment<'a> {
    /// Returns the TCP segment of a packet; `None` if the packet is something else, or a fragment
    /// of one.
    pub(super) fn of(packet: &CapturedPacket<'a>) -> Option<Self> {
        let sliced = match header_size(packet.link) {
            Some(size) => LaxSlicedPacket::from_ip(packet.data.get(size..)?).ok()?,
            None if packet.link == DataLink::ETHERNET => {
                LaxSlicedPacket::from_ethernet(packet.data).ok()?
            }
            None => return None,
        };
        let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return None };
        let net = sliced.net.as_ref()?;
        let (from, to): (IpAddr, IpAddr) = match net {
            LaxNetSlice::Ipv4(ip) => {
                (ip.header().source_addr().into(), ip.header().destination_addr().into())
            }
            LaxNetSlice::Ipv6(ip) => {
                (ip.header().source_addr().into(), ip.header().destination_addr().into())
            }
            LaxNetSlice::Arp(_) => return None,
        };
        Some(Self {
            from: SocketAddr::new(from, tcp.source_port()),
            to: SocketAddr::new(to, tcp.destination_port()),
            sequence: tcp.sequence_number(),
            acknowledgment: tcp.ack().then(|| tcp.acknowledgment_number()),
            syn: tcp.syn(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            payload: tcp.payload(),
            is_cut: net.ip_payload_ref().is_some_and(|payload| payload.incomplete),
        })
    }
}
