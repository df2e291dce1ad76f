//! What is recorded, against what a reader of the file finds.

use super::*;
use crate::{
    inspect::RecordingOptions,
    transfer::{ClosedConnection, Direction},
};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};
use proptest::prelude::*;
use std::{collections::BTreeMap, fs, io, io::ErrorKind, path::Path};

/// A step of a connection.
#[derive(Clone, Debug)]
enum Step {
    Chunk(Direction, Vec<u8>),
    Eof(Direction),
}

/// A recorded segment.
#[derive(Debug)]
struct Seen {
    time: Duration,
    from_client: bool,
    sequence: u32,
    acknowledgment: u32,
    flags: String,
    payload: Vec<u8>,
}

fn recording(path: &Path) -> Recording {
    let options = RecordingOptions { file: path.to_owned(), port: Some(80) };
    Recording::open(&options).unwrap()
}

fn see(recording: &mut Recording, connection: u64, event: &ObservedEvent<'_>) {
    recording.see(SystemTime::now(), connection, event);
}

fn connect(recording: &mut Recording, connection: u64) {
    let ends = ConnectionEnds { name: "./s".to_owned(), ..ConnectionEnds::default() };
    see(recording, connection, &ObservedEvent::Connected(&ends));
}

fn chunk(recording: &mut Recording, connection: u64, direction: Direction, bytes: &[u8]) {
    see(recording, connection, &ObservedEvent::Chunk { direction, offset: 0, bytes });
}

fn end(recording: &mut Recording, connection: u64, direction: Direction, end: &DirectionEnd) {
    see(recording, connection, &ObservedEvent::Ended { direction, end });
}

fn close(recording: &mut Recording, connection: u64) {
    see(recording, connection, &ObservedEvent::Closed(ClosedConnection::default()));
}

/// Reads a file. Returns the segments of each connection, by the address of its client.
fn read(path: &Path) -> BTreeMap<[u8; 4], Vec<Seen>> {
    let file = fs::read(path).unwrap();
    let mut reader = PcapNgReader::new(&file[..]).unwrap();
    let mut connections: BTreeMap<[u8; 4], Vec<Seen>> = BTreeMap::new();
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.unwrap().0 else { continue };
        let sliced = SlicedPacket::from_ip(&packet.data).unwrap();
        let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) =
            (sliced.net, sliced.transport)
        else {
            panic!("no TCP over IPv4")
        };
        let (from, to) = (ip.header().source(), ip.header().destination());
        let from_client = tcp.destination_port() == 80;
        let flags = [(tcp.syn(), 'S'), (tcp.ack(), 'A'), (tcp.fin(), 'F'), (tcp.rst(), 'R')];
        connections.entry(if from_client { from } else { to }).or_default().push(Seen {
            time: packet.timestamp,
            from_client,
            sequence: tcp.sequence_number(),
            acknowledgment: tcp.acknowledgment_number(),
            flags: flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect(),
            payload: tcp.payload().to_vec(),
        });
    }
    connections
}

/// Returns the bytes that each end has sent, after checking that every segment follows the one
/// before it and acknowledges everything.
fn streams(segments: &[Seen]) -> [Vec<u8>; 2] {
    let mut streams = [Vec::new(), Vec::new()];
    let mut next = [0, 0];
    for segment in segments {
        let (from, to) = if segment.from_client { (0, 1) } else { (1, 0) };
        assert_eq!(segment.sequence, next[from], "{segment:?}");
        if segment.flags != "S" {
            assert_eq!(segment.acknowledgment, next[to], "{segment:?}");
        }
        let is_counted = segment.flags.contains(['S', 'F']);
        let length = segment.payload.len() as u32 + u32::from(is_counted);
        next[from] = next[from].wrapping_add(length);
        streams[from].extend(&segment.payload);
    }
    streams
}

fn flags(segments: &[Seen]) -> Vec<&str> {
    segments.iter().map(|segment| segment.flags.as_str()).collect()
}

fn step() -> impl Strategy<Value = Step> {
    let direction = prop_oneof![Just(Direction::ToServer), Just(Direction::ToClient)];
    // Few are longer than a segment, which takes time.
    let size = prop_oneof![8 => 1..100_usize, 1 => 32_760..32_780_usize, 1 => 1..200_000_usize];
    prop_oneof![
        6 => (direction.clone(), size, any::<u8>()).prop_map(|(direction, size, first)| {
            let bytes = (0..size).map(|index| first.wrapping_add((index / 7) as u8)).collect();
            Step::Chunk(direction, bytes)
        }),
        1 => direction.prop_map(Step::Eof),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_schedule_of_chunks_is_recorded_byte_for_byte(
        steps in proptest::collection::vec((1..4_u64, step()), 0..30)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.pcapng");
        let mut recording = recording(&path);
        let mut expected: BTreeMap<u64, [Vec<u8>; 2]> = BTreeMap::new();
        let mut ended = Vec::new();
        for (connection, step) in &steps {
            if !expected.contains_key(connection) {
                expected.insert(*connection, [Vec::new(), Vec::new()]);
                connect(&mut recording, *connection);
            }
            match step {
                Step::Chunk(direction, bytes) if !ended.contains(&(*connection, *direction)) => {
                    chunk(&mut recording, *connection, *direction, bytes);
                    let index = usize::from(*direction == Direction::ToClient);
                    expected.get_mut(connection).unwrap()[index].extend(bytes);
                }
                Step::Chunk(..) => {}
                Step::Eof(direction) => {
                    end(&mut recording, *connection, *direction, &DirectionEnd::Eof);
                    ended.push((*connection, *direction));
                }
            }
        }
        for connection in expected.keys() {
            close(&mut recording, *connection);
        }
        recording.begin();
        let found = read(&path);
        prop_assert_eq!(found.len(), expected.len());
        for (connection, bytes) in expected {
            let segments = &found[&[10, 0, 0, connection as u8]];
            prop_assert!(streams(segments) == bytes);
            prop_assert!(segments.is_sorted_by_key(|segment| segment.time));
            let ends = segments.iter().filter(|segment| segment.flags.contains('F')).count();
            prop_assert_eq!(ends, 2);
        }
    }
}

#[test]
fn a_reset_comes_from_the_end_that_has_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.pcapng");
    let mut recording = recording(&path);
    let reset = DirectionEnd::InputFailed(ErrorKind::ConnectionReset.into());
    let broken = DirectionEnd::OutputFailed(io::Error::from(ErrorKind::BrokenPipe));
    // The server is reset, and the client writes to a server that has closed.
    for (connection, direction, how) in
        [(1, Direction::ToClient, &reset), (2, Direction::ToServer, &broken)]
    {
        connect(&mut recording, connection);
        end(&mut recording, connection, direction, how);
        close(&mut recording, connection);
    }
    let found = read(&path);
    for segments in found.values() {
        assert_eq!(flags(segments), ["S", "SA", "A", "AR"]);
        assert!(!segments[3].from_client);
    }
    assert_eq!(found.len(), 2);
}

#[test]
fn a_connection_that_was_not_served_is_ended_by_the_server_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.pcapng");
    let mut recording = recording(&path);
    connect(&mut recording, 1);
    see(&mut recording, 1, &ObservedEvent::Failed("cannot connect to ./t: it is away"));
    close(&mut recording, 1);
    let found = read(&path);
    assert_eq!(flags(&found[&[10, 0, 0, 1]]), ["S", "SA", "A", "AF", "A", "AF", "A"]);
    let file = fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("lsock connection 1: ./s"));
    assert!(text.contains("cannot connect to ./t: it is away"));
}

#[test]
fn the_file_can_be_read_after_each_event() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.pcapng");
    let mut recording = recording(&path);
    recording.begin();
    assert!(read(&path).is_empty());
    connect(&mut recording, 1);
    for round in 1..=10 {
        chunk(&mut recording, 1, Direction::ToServer, b"0123456789");
        assert_eq!(streams(&read(&path)[&[10, 0, 0, 1]])[0].len(), 10 * round);
    }
}

#[test]
fn events_of_unknown_connections_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.pcapng");
    let mut recording = recording(&path);
    connect(&mut recording, 1);
    close(&mut recording, 1);
    let size = fs::metadata(&path).unwrap().len();
    chunk(&mut recording, 1, Direction::ToServer, b"left behind");
    close(&mut recording, 1);
    assert_eq!(fs::metadata(&path).unwrap().len(), size);
}

#[test]
fn what_an_earlier_run_has_recorded_stays_until_the_recording_begins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.pcapng");
    fs::write(&path, "earlier").unwrap();
    let mut recording = recording(&path);
    assert_eq!(fs::read(&path).unwrap(), b"earlier");
    recording.begin();
    assert!(read(&path).is_empty());
}
