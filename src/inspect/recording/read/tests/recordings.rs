//! Files that lsock has recorded, whole and damaged, and files that are no recordings.

use super::*;
use crate::{
    inspect::{RecordingOptions, recording::Recording},
    transfer::{ClosedConnection, ConnectionEnds, Direction, DirectionEnd, ObservedEvent},
};
use proptest::prelude::*;
use std::time::SystemTime;

/// Bytes or the end of file of a direction.
type Step = (Direction, Option<Vec<u8>>);

/// Records connections. Returns the bytes of the file.
fn record(path: &Path, connections: &[Vec<Step>]) -> Vec<u8> {
    let options = RecordingOptions { file: path.to_owned(), port: None };
    let mut recording = Recording::open(&options).unwrap();
    recording.begin();
    let mut see = |number: usize, event: &ObservedEvent<'_>| {
        // Numbers need not begin at 1.
        recording.see(SystemTime::now(), 5 + number as u64, event);
    };
    for number in 0..connections.len() {
        let ends = ConnectionEnds { name: format!("./s{number}"), ..ConnectionEnds::default() };
        see(number, &ObservedEvent::Connected(&ends));
    }
    let longest = connections.iter().map(Vec::len).max().unwrap_or(0);
    for step in 0..longest {
        for (number, connection) in connections.iter().enumerate() {
            match connection.get(step).cloned() {
                Some((direction, Some(bytes))) => {
                    let event = ObservedEvent::Chunk { direction, offset: 0, bytes: &bytes };
                    see(number, &event);
                }
                Some((direction, None)) => {
                    see(number, &ObservedEvent::Ended { direction, end: &DirectionEnd::Eof });
                }
                None => {}
            }
        }
    }
    for number in 0..connections.len() {
        see(number, &ObservedEvent::Closed(ClosedConnection::default()));
    }
    fs::read(path).unwrap()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let direction = prop_oneof![Just(Direction::ToServer), Just(Direction::ToClient)];
    let size = prop_oneof![8 => 0..100_usize, 1 => 65_490..131_000_usize];
    let bytes = (size, any::<u8>()).prop_map(|(size, first)| {
        (0..size).map(|index| first.wrapping_add((index / 3) as u8)).collect::<Vec<u8>>()
    });
    let action = prop_oneof![8 => bytes.prop_map(Some), 1 => Just(None)];
    proptest::collection::vec((direction, action), 0..12)
}

/// Returns the bytes that were sent until the end of file.
fn sent(steps: &[Step], direction: Direction) -> Vec<u8> {
    let of_direction = steps.iter().filter(|(of, _)| *of == direction);
    let chunks = of_direction.map_while(|(_, bytes)| bytes.clone());
    chunks.collect::<Vec<_>>().concat()
}

/// Reads everything of a file. Returns the bytes that were read of each connection, if the file can
/// be read.
fn read_all(path: &Path) -> Option<Vec<[Vec<u8>; 2]>> {
    let file = RecordingFile::open(path).ok()?;
    let mut all = Vec::new();
    for connection in file.connections() {
        all.push([Role::Client, Role::Server].map(|role| {
            let mut events = file.events(connection, role).unwrap();
            let mut found = Vec::new();
            while let Some(event) = events.next().unwrap() {
                if let RecordedAction::Chunk { from, bytes, .. } = event.action
                    && from == role
                {
                    found.extend(bytes);
                }
            }
            found
        }));
    }
    Some(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_recorded_is_read(connections in proptest::collection::vec(steps(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.pcapng");
        record(&path, &connections);
        let file = RecordingFile::open(&path).unwrap();
        prop_assert!(!file.ends_early());
        let numbers: Vec<u64> = file.connections().iter().map(|it| it.number).collect();
        prop_assert_eq!(numbers, (5..5 + connections.len() as u64).collect::<Vec<_>>());
        let found = read_all(&path).unwrap();
        for (number, steps) in connections.iter().enumerate() {
            let chosen = file.choose(Some(5 + number as u64)).unwrap();
            prop_assert_eq!(&chosen.description, &format!("./s{number}"));
            prop_assert!(chosen.has_end_of(Role::Client) && chosen.has_end_of(Role::Server));
            let expected = [sent(steps, Direction::ToServer), sent(steps, Direction::ToClient)];
            prop_assert_eq!(chosen.to_server, expected[0].len() as u64);
            prop_assert_eq!(chosen.to_client, expected[1].len() as u64);
            prop_assert!(found[number] == expected);
        }
    }

    #[test]
    fn of_a_file_that_was_cut_off_everything_before_is_read(
        steps in steps(),
        end in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.pcapng");
        let bytes = record(&path, std::slice::from_ref(&steps));
        let end = end.index(bytes.len());
        fs::write(&path, &bytes[..end]).unwrap();
        if let Some(found) = read_all(&path) {
            let whole = [sent(&steps, Direction::ToServer), sent(&steps, Direction::ToClient)];
            for connection in &found {
                prop_assert!(whole[0].starts_with(&connection[0]));
                prop_assert!(whole[1].starts_with(&connection[1]));
            }
        } else {
            // Not even the header of the file is whole.
            prop_assert!(end < 200);
        }
    }

    #[test]
    fn damaged_files_are_read_or_refused(
        steps in steps(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.pcapng");
        let mut bytes = record(&path, &[steps]);
        for (index, byte) in damage {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        fs::write(&path, &bytes).unwrap();
        let _ = RecordingFile::open(&path).map(|file| file.choose(None).is_ok());
    }

    #[test]
    fn garbage_is_read_or_refused(
        magic in prop_oneof![
            Just(vec![]),
            Just(vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]),
            Just(vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a]),
        ],
        garbage in proptest::collection::vec(any::<u8>(), 0..500),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.pcapng");
        fs::write(&path, [magic, garbage].concat()).unwrap();
        let _ = RecordingFile::open(&path).map(|file| file.choose(None).is_ok());
    }
}

#[test]
fn what_is_no_recording_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let refusal = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        RecordingFile::open(&path).unwrap_err().to_string()
    };
    assert!(refusal(b"").ends_with(": it is empty"));
    assert!(refusal(b"hello").ends_with(": it is neither a pcapng file nor a pcap file"));
    assert!(refusal(&[0x1f, 0x8b, 8, 0]).ends_with(": it is compressed: decompress it first"));
    assert!(refusal(&[0x0a, 0x0d, 0x0d, 0x0a, 28, 0]).ends_with(": its header is incomplete"));
    let folder = RecordingFile::open(folder.path()).unwrap_err().to_string();
    assert!(folder.ends_with(": it is not a regular file"));
}
