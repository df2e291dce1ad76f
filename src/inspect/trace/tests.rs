//! The formats: frozen lines, and that no byte of a peer reaches a terminal unescaped.

use super::*;
use crate::{
    system::{
        PassedDescriptor,
        peer::{PeerProcess, PeerUser, PeerUserId},
    },
    transfer::{ClosedConnection, ConnectionEnds, Direction, DirectionEnd, EarlyEnd},
};
use proptest::prelude::*;
use std::{io::ErrorKind, time::Duration};

const FORMATS: [TraceFormat; 3] = [TraceFormat::Text, TraceFormat::Hex, TraceFormat::Json];

/// Returns the lines of an event, which happens 1.000000001 s after the begin of 1970.
fn lines(format: TraceFormat, event: &ObservedEvent<'_>) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::new(1, 100);
    let mut lines = String::new();
    let traced = TracedEvent { time, connection: 7, event };
    format.write(&mut lines, &traced, false);
    lines
}

fn process(command: &str) -> Option<PeerProcess> {
    let command = Some(command.to_owned());
    let user = Some(PeerUser { name: Some("alice".to_owned()), id: PeerUserId::Uid(1000) });
    Some(PeerProcess { pid: Some(12), command, user })
}

/// Calls the function with one event of each kind.
fn with_events(mut call: impl FnMut(&ObservedEvent<'_>)) {
    let ends = ConnectionEnds {
        name: "./s".to_owned(),
        target: Some("./t".to_owned()),
        client: process("nc"),
        address: None,
        server: process("redis"),
    };
    let link = Some("pipe:[34]".to_owned());
    let descriptors = [PassedDescriptor { number: 9, link }];
    let error = DirectionEnd::InputFailed(ErrorKind::ConnectionReset.into());
    let direction = Direction::ToServer;
    call(&ObservedEvent::Connected(&ends));
    call(&ObservedEvent::Descriptors { direction, descriptors: &descriptors });
    call(&ObservedEvent::Chunk { direction, offset: 20, bytes: b"ping\r\n" });
    let direction = Direction::ToClient;
    call(&ObservedEvent::Chunk { direction, offset: 0, bytes: b"\xff\x1b" });
    call(&ObservedEvent::Ended { direction, end: &DirectionEnd::Eof });
    call(&ObservedEvent::ShutDown(direction));
    call(&ObservedEvent::Ended { direction, end: &DirectionEnd::ReceiverGone });
    call(&ObservedEvent::Ended { direction, end: &DirectionEnd::Stopped });
    call(&ObservedEvent::Ended { direction, end: &DirectionEnd::Unused });
    call(&ObservedEvent::Ended { direction, end: &error });
    call(&ObservedEvent::Failed("cannot connect to ./t: it does not exist"));
    let early_end = Some(EarlyEnd::Linger);
    call(&ObservedEvent::Closed(ClosedConnection { to_server: 6, to_client: 1, early_end }));
}

#[test]
fn the_lines_for_people() {
    let mut text = String::new();
    with_events(|event| text.push_str(&lines(TraceFormat::Text, event)));
    let expected = r"1970-01-01T00:00:01.000000Z 7 connected: ./s to ./t; client pid 12 (nc), user alice (uid 1000); server pid 12 (redis), user alice (uid 1000)
1970-01-01T00:00:01.000000Z 7 > 1 descriptor: 9 pipe:[34]
1970-01-01T00:00:01.000000Z 7 > 6 bytes at 20
  ping\r\n
1970-01-01T00:00:01.000000Z 7 < 2 bytes at 0
  \xff\x1b
1970-01-01T00:00:01.000000Z 7 < end of file
1970-01-01T00:00:01.000000Z 7 < shut down
1970-01-01T00:00:01.000000Z 7 < the client has closed the connection
1970-01-01T00:00:01.000000Z 7 < stopped
1970-01-01T00:00:01.000000Z 7 < error: cannot read from the server: connection reset
1970-01-01T00:00:01.000000Z 7 error: cannot connect to ./t: it does not exist
1970-01-01T00:00:01.000000Z 7 closed: 6 bytes to the server, 1 byte to the client, ended by --linger
";
    assert_eq!(text, expected);
}

/// Programs read these lines: keys may be added, but a change of one of them needs a new schema.
#[test]
fn the_lines_for_programs_are_frozen() {
    let mut text = String::new();
    with_events(|event| text.push_str(&lines(TraceFormat::Json, event)));
    let expected = r#""event":"connected","name":"./s","target":"./t","client":{"pid":12,"command":"nc","user":"alice","uid":1000},"client_address":null,"server":{"pid":12,"command":"redis","user":"alice","uid":1000}}
"event":"descriptors","direction":"to_server","descriptors":[{"number":9,"link":"pipe:[34]"}]}
"event":"data","direction":"to_server","offset":20,"length":6,"text":"ping\r\n","hex":null}
"event":"data","direction":"to_client","offset":0,"length":2,"text":null,"hex":"ff1b"}
"event":"end_of_file","direction":"to_client"}
"event":"shut_down","direction":"to_client"}
"event":"receiver_closed","direction":"to_client"}
"event":"stopped","direction":"to_client"}
"event":"error","direction":"to_client","message":"cannot read: connection reset"}
"event":"error","direction":null,"message":"cannot connect to ./t: it does not exist"}
"event":"closed","to_server":6,"to_client":1,"ended_by":"--linger"}
"#;
    let head = r#"{"schema":1,"time":"1970-01-01T00:00:01.000000100Z","conn":7,"#;
    let found: Vec<&str> = text.lines().map(|line| line.strip_prefix(head).unwrap()).collect();
    assert_eq!(found, expected.lines().collect::<Vec<_>>());
}

#[test]
fn hexadecimal_digits_stand_beside_the_text() {
    let bytes = b"0123456789abcdef\x1b[";
    let event = ObservedEvent::Chunk { direction: Direction::ToClient, offset: 16, bytes };
    let expected = "\
1970-01-01T00:00:01.000000Z 7 < 18 bytes at 16
  00000010  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|
  00000020  1b 5b                                             |.[|
";
    assert_eq!(lines(TraceFormat::Hex, &event), expected);
}

#[test]
fn colours_tell_the_directions_apart() {
    let time = SystemTime::UNIX_EPOCH;
    for (direction, colour) in [(Direction::ToServer, "32"), (Direction::ToClient, "35")] {
        let event = ObservedEvent::Chunk { direction, offset: 0, bytes: b"a\nb" };
        let mut lines = String::new();
        let traced = TracedEvent { time, connection: 1, event: &event };
        TraceFormat::Text.write(&mut lines, &traced, true);
        assert_eq!(lines.matches(&format!("\x1b[{colour}m")).count(), 3, "{lines:?}");
        assert_eq!(lines.matches("\x1b[0m").count(), 3);
    }
}

proptest! {
    #[test]
    fn bytes_and_names_of_a_peer_cannot_move_the_cursor(
        bytes in proptest::collection::vec(any::<u8>(), 0..3000),
        name: String,
    ) {
        let ends = ConnectionEnds {
            name: name.clone(),
            client: process(&name),
            ..ConnectionEnds::default()
        };
        let descriptors = [PassedDescriptor { number: 9, link: Some(name.clone()) }];
        let direction = Direction::ToServer;
        for event in [
            ObservedEvent::Connected(&ends),
            ObservedEvent::Descriptors { direction, descriptors: &descriptors },
            ObservedEvent::Chunk { direction, offset: 0, bytes: &bytes },
            ObservedEvent::Chunk { direction, offset: 0, bytes: name.as_bytes() },
            ObservedEvent::Failed(&name),
        ] {
            for format in FORMATS {
                let lines = lines(format, &event);
                prop_assert!(lines.ends_with('\n'));
                for line in lines.lines() {
                    prop_assert!(line.chars().all(local_socket::is_plain), "{line:?}");
                }
            }
        }
    }

    /// JSON gives the bytes back exactly.
    #[test]
    fn bytes_can_be_read_back_from_json(bytes: Vec<u8>, text: String) {
        for bytes in [&bytes[..], text.as_bytes()] {
            let event = ObservedEvent::Chunk { direction: Direction::ToServer, offset: 0, bytes };
            let line: serde_json::Value =
                serde_json::from_str(&lines(TraceFormat::Json, &event)).unwrap();
            let found = match (line["text"].as_str(), line["hex"].as_str()) {
                (Some(text), None) => text.as_bytes().to_vec(),
                (None, Some(hex)) => {
                    let digits = |index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16);
                    (0..hex.len() / 2).map(|index| digits(index).unwrap()).collect()
                }
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            prop_assert_eq!(found, bytes);
        }
    }
}
