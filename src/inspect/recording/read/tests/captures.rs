//! Files of other programs: captures of TCP.

use super::*;
use etherparse::PacketBuilder;
use pcap_file::{
    DataLink,
    pcap::{PcapHeader, PcapPacket, PcapWriter},
};

/// A segment of a conversation between 127.0.0.1:5000 and 127.0.0.1:80.
struct Packet {
    from_client: bool,
    sequence: u32,
    acknowledgment: u32,
    flags: &'static str,
    payload: &'static [u8],
}

/// A TCP conversation with first sequence numbers 1000 and 5000: a request and an answer.
const CONVERSATION: [Packet; 7] = [
    packet(true, 1000, 0, "S", b""),
    packet(false, 5000, 1001, "SA", b""),
    packet(true, 1001, 5001, "A", b"GET "),
    packet(true, 1005, 5001, "A", b"/\r\n"),
    packet(false, 5001, 1008, "A", b"200 OK"),
    packet(false, 5007, 1008, "FA", b""),
    packet(true, 1008, 5008, "FA", b""),
];

const fn packet(
    from_client: bool,
    sequence: u32,
    acknowledgment: u32,
    flags: &'static str,
    payload: &'static [u8],
) -> Packet {
    Packet { from_client, sequence, acknowledgment, flags, payload }
}

impl Packet {
    /// Returns the packet after a link-layer header.
    fn bytes(&self, link: DataLink) -> Vec<u8> {
        let (from, to) = if self.from_client { (5000, 80) } else { (80, 5000) };
        let mac = [2; 6];
        let builder = match link {
            DataLink::ETHERNET => {
                PacketBuilder::ethernet2(mac, mac).ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
            }
            _ => PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64),
        };
        let mut tcp = builder.tcp(from, to, self.sequence, 1000);
        for flag in self.flags.chars() {
            tcp = match flag {
                'S' => tcp.syn(),
                'A' => tcp.ack(self.acknowledgment),
                'F' => tcp.fin(),
                _ => tcp.rst(),
            };
        }
        let mut bytes = match link {
            DataLink::NULL => vec![2, 0, 0, 0],
            DataLink::LINUX_SLL => [vec![0; 14], vec![8, 0]].concat(),
            DataLink::LINUX_SLL2 => [vec![8, 0], vec![0; 18]].concat(),
            _ => Vec::new(),
        };
        let start = bytes.len();
        bytes.resize(start + tcp.size(self.payload.len()), 0);
        tcp.write_to_slice(&mut bytes[start..], self.payload).unwrap();
        bytes
    }
}

/// Writes a pcap file. A length cuts packets off.
fn pcap(path: &Path, link: DataLink, packets: &[&Packet], longest: usize) {
    let header = PcapHeader { datalink: link, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
    for (number, packet) in packets.iter().enumerate() {
        let bytes = packet.bytes(link);
        let time = Duration::from_secs(1_000_000 + number as u64);
        let kept = &bytes[..bytes.len().min(longest)];
        let packet = PcapPacket::new(time, bytes.len() as u32, kept).unwrap();
        writer.write_packet(&packet).unwrap();
    }
    fs::write(path, writer.into_inner()).unwrap();
}

/// Returns the events of the only connection, in short, such as `client: GET /`.
fn events(file: &RecordingFile) -> Vec<String> {
    let chosen = file.choose(None).unwrap();
    let mut events = [Role::Client, Role::Server].map(|role| file.events(chosen, role).unwrap());
    let mut found = Vec::new();
    loop {
        let [one, other] = events.each_mut().map(|events| events.next().unwrap());
        let (Some(one), Some(other)) = (one, other) else { return found };
        assert_eq!(one.time, other.time);
        found.push(match (one.action, other.action) {
            (
                RecordedAction::Chunk { from, length, bytes },
                RecordedAction::Chunk { bytes: others, .. },
            ) => {
                let (sent, none) =
                    if from == Role::Client { (bytes, others) } else { (others, bytes) };
                assert_eq!((sent.len() as u64, none.len()), (length, 0));
                format!("{}: {}", role_name(from), String::from_utf8_lossy(&sent))
            }
            (one, other) => {
                assert_eq!(one, other);
                format!("{one:?}")
            }
        });
    }
}

fn message(result: Result<&ConnectionSummary, Failure>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn other_programs_captures_are_read_with_every_link_layer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.pcap");
    let links = [DataLink::ETHERNET, DataLink::RAW, DataLink::NULL, DataLink::LINUX_SLL];
    for link in links.into_iter().chain([DataLink::LINUX_SLL2]) {
        pcap(&path, link, &CONVERSATION.each_ref(), usize::MAX);
        let file = RecordingFile::open(&path).unwrap();
        assert_eq!(
            events(&file),
            [
                "Opened",
                "client: GET ",
                "client: /\r\n",
                "server: 200 OK",
                "Ended(Server)",
                "Ended(Client)"
            ]
        );
        let chosen = file.choose(Some(1)).unwrap();
        assert_eq!(chosen.description, "127.0.0.1:5000 to 127.0.0.1:80");
        assert_eq!((chosen.to_server, chosen.to_client), (7, 6));
        assert_eq!(chosen.duration, Duration::from_secs(6));
    }
}

#[test]
fn retransmitted_and_reordered_segments_are_put_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.pcap");
    let [syn, syn_ack, one, two, answer, fin, end] = &CONVERSATION;
    let again = packet(true, 1003, 5001, "A", b"T /");
    let packets = [syn, syn, syn_ack, fin, two, one, one, &again, answer, answer, two, end, fin];
    pcap(&path, DataLink::RAW, &packets, usize::MAX);
    let expected = [
        "Opened",
        "client: GET ",
        "client: /\r\n",
        "server: 200 OK",
        "Ended(Server)",
        "Ended(Client)",
    ];
    assert_eq!(events(&RecordingFile::open(&path).unwrap()), expected);
}

#[test]
fn missing_packets_are_an_error_that_says_which_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.pcap");
    let [syn, syn_ack, one, two, answer, fin, end] = &CONVERSATION;
    pcap(&path, DataLink::RAW, &[syn, syn_ack, one, answer, fin, end], usize::MAX);
    let file = RecordingFile::open(&path).unwrap();
    let lost = "3 bytes of what the client sent are missing at offset 4: packets were lost when \
                they were captured";
    assert!(message(file.choose(None)).ends_with(lost));
    pcap(&path, DataLink::RAW, &[syn, syn_ack, one, two, answer, fin, end], 42);
    let file = RecordingFile::open(&path).unwrap();
    let cut = "missing at offset 2: packets were cut off when they were captured";
    assert!(message(file.choose(None)).ends_with(cut));
}

#[test]
fn connections_that_began_before_the_capture_are_not_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.pcap");
    pcap(&path, DataLink::RAW, &CONVERSATION[2..].iter().collect::<Vec<_>>(), usize::MAX);
    let file = RecordingFile::open(&path).unwrap();
    assert!(message(file.choose(None)).ends_with("the beginning of 1 connection was not captured"));
    pcap(&path, DataLink::USER0, &CONVERSATION.each_ref(), usize::MAX);
    let file = RecordingFile::open(&path).unwrap();
    assert!(message(file.choose(None)).contains("packets of link type 147 are not known"));
}

#[test]
fn a_reset_ends_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.pcap");
    let [syn, syn_ack, one, ..] = &CONVERSATION;
    let reset = packet(false, 5001, 1005, "RA", b"");
    let late = packet(true, 1005, 5001, "A", b"late");
    pcap(&path, DataLink::RAW, &[syn, syn_ack, one, &reset, &late], usize::MAX);
    let file = RecordingFile::open(&path).unwrap();
    assert_eq!(events(&file), ["Opened", "client: GET ", "Reset(Server)"]);
}
