//! Both drivers against the policy that they share: the observer and the report.

use super::{
    CopyMode, Direction, EmptyMessages, Eof, Meter, Observation, ObservedEvent, Observer, Parties,
    Party, Passing, Role, TransferOptions, TransferReport,
    tasks::{self, EventLoops, TransferPlan},
    threads::{self, StdioJob},
};
use crate::system::{Detached, Input, Output};
use local_socket::{Stream, traits::Stream as _};
use std::{
    collections::BTreeMap,
    io::{Read, Seek, Write},
    net::Shutdown,
    sync::{Arc, Mutex},
    thread,
};
use tokio_util::sync::CancellationToken;

/// Remembers what it sees.
#[derive(Debug, Default)]
struct Recorder {
    bytes: Mutex<BTreeMap<(u64, bool), Vec<u8>>>,
    ends: Mutex<Vec<(u64, Direction, String)>>,
    shut_down: Mutex<Vec<(u64, Direction)>>,
    closed: Mutex<Vec<(u64, u64, u64)>>,
}

impl Observer for Recorder {
    fn see(&self, connection: u64, event: &ObservedEvent<'_>) {
        match *event {
            ObservedEvent::Chunk { direction, offset, bytes } => {
                assert!(!bytes.is_empty());
                let key = (connection, direction == Direction::ToServer);
                let mut all = self.bytes.lock().unwrap();
                let seen = all.entry(key).or_default();
                assert_eq!(offset, seen.len() as u64);
                seen.extend(bytes);
            }
            ObservedEvent::Ended { direction, end } => {
                self.ends.lock().unwrap().push((connection, direction, format!("{end:?}")));
            }
            ObservedEvent::ShutDown(direction) => {
                self.shut_down.lock().unwrap().push((connection, direction));
            }
            ObservedEvent::Closed(closed) => {
                let bytes = (connection, closed.to_server, closed.to_client);
                self.closed.lock().unwrap().push(bytes);
            }
            ObservedEvent::Connected(_)
            | ObservedEvent::Descriptors { .. }
            | ObservedEvent::Failed(_) => {}
        }
    }
}

impl Recorder {
    fn bytes(&self, connection: u64, direction: Direction) -> Vec<u8> {
        let key = (connection, direction == Direction::ToServer);
        self.bytes.lock().unwrap().get(&key).cloned().unwrap_or_default()
    }

    #[track_caller]
    fn assert_ends(&self, connection: u64, to_server: &str, to_client: &str) {
        let mut ends = self.ends.lock().unwrap().clone();
        ends.sort_by_key(|(_, direction, _)| *direction == Direction::ToClient);
        let expected = [(Direction::ToServer, to_server), (Direction::ToClient, to_client)];
        let expected = expected.map(|(direction, end)| (connection, direction, end.to_owned()));
        assert_eq!(ends, expected);
    }
}

fn options(copy: CopyMode) -> TransferOptions {
    TransferOptions {
        sends: true,
        receives: true,
        eof: Eof::Half,
        empty_messages: EmptyMessages::Eof,
        linger: None,
        idle: None,
        max_time: None,
        ignores_unread: false,
        hangs_up: false,
        copy,
        buffer: None,
    }
}

fn data(size: usize) -> Vec<u8> {
    (0..size).map(|number| (number * 31 / 8) as u8).collect()
}

/// More than the buffers of a socket, so that splicing would begin.
const SIZE: usize = 3_000_000;

/// Sends bytes and the end of file on a thread. Returns what the peer sends until its end of file.
fn talk(stream: Stream, bytes: &[u8]) -> thread::JoinHandle<Vec<u8>> {
    let bytes = bytes.to_vec();
    thread::spawn(move || {
        let mut received = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                (&stream).write_all(&bytes).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
            });
            (&stream).read_to_end(&mut received).unwrap();
        });
        received
    })
}

fn observation(recorder: &Arc<Recorder>, first: Role) -> Option<Observation> {
    Some(Observation::new(Arc::clone(recorder) as Arc<dyn Observer>, first))
}

/// Relays a connection in event loops: the client sends `there` and gets `back`.
fn relay(
    observation: Option<Observation>,
    there: &[u8],
    back: &[u8],
) -> (TransferReport, Vec<u8>, Vec<u8>) {
    let (client, from_client) = Stream::pair().unwrap();
    let (target, to_target) = Stream::pair().unwrap();
    let (client, target) = (talk(client, there), talk(target, back));
    let plan = TransferPlan::new(options(CopyMode::Auto), Passing::NotHere, None, observation);
    let parties = Parties { first: Party::Client, second: Party::Target };
    let loops = EventLoops::start_one().unwrap();
    let report = loops.run(async {
        let sockets = [from_client, to_target].map(|stream| Detached::from(stream).attach());
        let [first, second] = sockets.map(Result::unwrap);
        tasks::transfer((first, second), parties, &plan, 7, &CancellationToken::new()).await
    });
    (report, client.join().unwrap(), target.join().unwrap())
}

#[test]
fn the_observer_of_a_relay_sees_every_byte_and_both_ends() {
    let (there, back) = (data(SIZE), data(SIZE / 2));
    let recorder = Arc::new(Recorder::default());
    let (report, to_client, to_target) = relay(observation(&recorder, Role::Client), &there, &back);
    assert!(to_client == back && to_target == there);
    assert_eq!(report.delivered(), (there.len() as u64, back.len() as u64));
    assert!(report.to_string().starts_with("connection 7: 3000000 bytes to the target, 1500000 "));
    assert!(recorder.bytes(7, Direction::ToServer) == there);
    assert!(recorder.bytes(7, Direction::ToClient) == back);
    recorder.assert_ends(7, "Eof", "Eof");
    assert_eq!(recorder.shut_down.lock().unwrap().len(), 2);
    let delivered = (7, there.len() as u64, back.len() as u64);
    assert_eq!(*recorder.closed.lock().unwrap(), [delivered]);
    assert!(report.failure().is_none());
}

/// It learns of the end only by that.
#[cfg(unix)]
#[test]
fn the_socket_of_a_peer_that_gets_no_end_of_file_is_closed_at_once() {
    let (client, from_client) = Stream::pair().unwrap();
    let (target, to_target) = Stream::pair().unwrap();
    (&client).write_all(b"all").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    target.set_nonblocking(true).unwrap();
    let options = TransferOptions { eof: Eof::Close, ..options(CopyMode::Auto) };
    let plan = TransferPlan::new(options, Passing::NotHere, None, None);
    let parties = Parties { first: Party::Client, second: Party::Target };
    EventLoops::start_one().unwrap().run(async {
        let sockets = [from_client, to_target].map(|stream| Detached::from(stream).attach());
        let [first, second] = sockets.map(Result::unwrap);
        tasks::transfer((first, second), parties, &plan, 7, &CancellationToken::new()).await;
        let mut received = Vec::new();
        (&target).read_to_end(&mut received).unwrap();
        assert_eq!(received, b"all");
    });
}

#[test]
fn a_relay_without_an_observer_moves_the_same_bytes() {
    let (there, back) = (data(SIZE), data(SIZE / 2));
    let (report, to_client, to_target) = relay(None, &there, &back);
    assert!(to_client == back && to_target == there);
    assert!(report.failure().is_none());
}

/// Joins a connection to files with blocking threads: the input is `there`, the peer sends `back`.
fn stdio(observation: Option<Observation>, there: &[u8], back: &[u8]) -> (TransferReport, bool) {
    let (stream, peer) = Stream::pair().unwrap();
    let peer = talk(peer, back);
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(there).unwrap();
    input.rewind().unwrap();
    let mut output = tempfile::tempfile().unwrap();
    let report = threads::transfer(StdioJob {
        stream: Arc::new(stream),
        number: 3,
        is_only: false,
        input: Input::from_file(input),
        output: Output::from_file(output.try_clone().unwrap()),
        options: options(CopyMode::Auto),
        meter: Arc::new(Meter::new(false)),
        observation,
        peer: Party::Peer,
        relay: None,
    });
    let mut received = Vec::new();
    output.rewind().unwrap();
    output.read_to_end(&mut received).unwrap();
    (report, received == back && peer.join().unwrap() == there)
}

#[test]
fn the_observer_of_standard_streams_sees_every_byte_and_both_ends() {
    // A short input is sent before any thread is started.
    // The peer is the client, so what is sent goes to it.
    for size in [0, 10, SIZE] {
        let (there, back) = (data(size), data(SIZE / 2));
        let recorder = Arc::new(Recorder::default());
        let (report, is_delivered) = stdio(observation(&recorder, Role::Server), &there, &back);
        assert!(is_delivered, "{size}");
        assert!(report.to_string().starts_with(&format!("connection 3: sent {size} bytes, ")));
        assert!(recorder.bytes(3, Direction::ToClient) == there);
        assert!(recorder.bytes(3, Direction::ToServer) == back);
        recorder.assert_ends(3, "Eof", "Eof");
        assert_eq!(*recorder.shut_down.lock().unwrap(), [(3, Direction::ToClient)]);
        assert_eq!(*recorder.closed.lock().unwrap(), [(3, back.len() as u64, size as u64)]);
        assert!(report.failure().is_none());
    }
}

#[test]
fn standard_streams_without_an_observer_move_the_same_bytes() {
    let (report, is_delivered) = stdio(None, &data(SIZE), &data(SIZE / 2));
    assert!(is_delivered);
    assert!(report.failure().is_none());
}

#[test]
fn an_unused_direction_is_seen_as_unused() {
    let recorder = Arc::new(Recorder::default());
    let (stream, peer) = Stream::pair().unwrap();
    drop(peer);
    threads::transfer(StdioJob {
        stream: Arc::new(stream),
        number: 1,
        is_only: true,
        input: Input::from_file(tempfile::tempfile().unwrap()),
        output: Output::from_file(tempfile::tempfile().unwrap()),
        options: TransferOptions { sends: false, ..options(CopyMode::Auto) },
        meter: Arc::new(Meter::new(false)),
        observation: observation(&recorder, Role::Client),
        peer: Party::Peer,
        relay: None,
    });
    recorder.assert_ends(1, "Unused", "Eof");
}
