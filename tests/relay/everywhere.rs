//! What every system shows of relays, with no other program than lsock itself and
//! the library: bare words as names, which are pipes on Windows.

use crate::harness::{DEADLINE, Scene, data};
use local_socket::{Listener, ListenerOptions, Name, Stream, prelude::*};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

const LSOCK: &str = env!("CARGO_BIN_EXE_lsock");

/// Two sizes that fit in a buffer, and one that does not fit in any.
const SIZES: [usize; 3] = [1, 70_000, 3_000_001];

/// A second name of the scene.
fn other(scene: &Scene) -> String {
    format!("{}-b", scene.word())
}

fn host(name: &str) -> Listener {
    let name = Name::parse(name).unwrap().into_owned();
    ListenerOptions::new().name(name).create_sync().unwrap()
}

pub(crate) fn connect(name: &str) -> Stream {
    with_deadline(Stream::connect(Name::parse(name).unwrap()).unwrap())
}

fn with_deadline(stream: Stream) -> Stream {
    stream.set_recv_timeout(Some(DEADLINE)).unwrap();
    stream.set_send_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn accept_tcp(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Accepts so many clients, one after another, and sends back to each what it has sent:
/// the whole of it, once that has ended.
fn echo(name: &str, clients: usize) -> JoinHandle<()> {
    let listener = host(name);
    thread::spawn(move || {
        for _ in 0..clients {
            let mut stream = with_deadline(listener.accept().unwrap());
            let request = rest(&mut stream);
            stream.write_all(&request).unwrap();
        }
    })
}

/// Reads to the end of file.
#[track_caller]
fn rest(mut from: impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    let read = from.read_to_end(&mut rest);
    read.unwrap_or_else(|error| panic!("no end of file after {} bytes: {error}", rest.len()));
    rest
}

/// Reads until the peer has ended or broken off.
#[track_caller]
fn rest_whatever_happens(mut from: impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    if let Err(error) = from.read_to_end(&mut rest) {
        let is_gone = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
        assert!(is_gone.contains(&error.kind()), "{error}");
    }
    rest
}

/// Sends the bytes and then the end of file, and reads to the end of file meanwhile.
#[track_caller]
fn exchange(stream: &Stream, bytes: &[u8]) -> Vec<u8> {
    exchange_by(stream, bytes, || stream.shutdown(Shutdown::Write).unwrap())
}

/// As [`exchange`].
#[track_caller]
fn exchange_tcp(stream: &TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    exchange_by(stream, bytes, || stream.shutdown(Shutdown::Write).unwrap())
}

#[track_caller]
fn exchange_by<S: Read + Write + Copy + Send + Sync>(
    stream: S,
    bytes: &[u8],
    end: impl FnOnce() + Send,
) -> Vec<u8> {
    thread::scope(|scope| {
        let writes = scope.spawn(|| {
            let mut writer = stream;
            writer.write_all(bytes).unwrap();
            end();
        });
        let received = rest(stream);
        writes.join().unwrap();
        received
    })
}

/// `lsock connect` on one side and `lsock listen` on the other one.
#[test]
fn both_directions_between_two_names() {
    let scene = Scene::new();
    let behind = other(&scene);
    let relay = scene.relay(scene.word(), &behind).start_listening();
    for (number, size) in (1..).zip(SIZES) {
        let (there, here) = (data(size), data(size / 2 + 1));
        let target = scene.listen(&behind).input(there.clone()).start_listening();
        let client = scene.connect(scene.word()).input(here.clone());
        client.run().silent().output(&there);
        target.end().ok().output(&here);
        let (to_target, back) = (here.len(), there.len());
        relay.wait_for_message(&format!(
            "connection {number}: {to_target} bytes to the target, {back} bytes back"
        ));
    }
}

/// The end of the request goes through, and the way back stays open.
#[test]
fn an_answer_that_comes_after_the_end_of_the_request() {
    let scene = Scene::new();
    let behind = other(&scene);
    let server = echo(&behind, SIZES.len() + 1);
    let _relay = scene.relay(scene.word(), &behind).start_listening();
    for size in SIZES {
        let bytes = data(size);
        assert!(exchange(&connect(scene.word()), &bytes) == bytes, "{size} bytes");
    }
    let client = scene.connect(scene.word()).input("request");
    client.run().silent().output("request");
    server.join().unwrap();
}

#[test]
fn many_clients_at_once() {
    const CLIENTS: usize = 20;
    let scene = Scene::new();
    let behind = other(&scene);
    let listener = host(&behind);
    let server = thread::spawn(move || {
        // None of them has an answer before all of them are there.
        let streams: Vec<_> =
            (0..CLIENTS).map(|_| with_deadline(listener.accept().unwrap())).collect();
        for mut stream in streams {
            let request = rest(&mut stream);
            stream.write_all(&request).unwrap();
        }
    });
    let _relay = scene.relay(scene.word(), &behind).start_listening();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let name = scene.word();
            scope.spawn(move || {
                let bytes = data(10_000 * client);
                assert!(exchange(&connect(name), &bytes) == bytes, "client {client}");
            });
        }
    });
    server.join().unwrap();
}

#[test]
fn from_a_tcp_port_to_a_name() {
    let scene = Scene::new();
    let server = echo(scene.word(), SIZES.len());
    let relay = scene.relay("tcp:127.0.0.1:0", scene.word()).start_listening();
    let place = relay.listen_name();
    let address = place.strip_prefix("tcp:").unwrap();
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{place}");
    for size in SIZES {
        let bytes = data(size);
        let client = TcpStream::connect(address).unwrap();
        assert!(exchange_tcp(&client, &bytes) == bytes, "{size} bytes");
    }
    server.join().unwrap();
    relay.wait_for_message("connection 1 from tcp:127.0.0.1:");
    // One port is one server's.
    let outcome = scene.relay(&place, scene.word()).run();
    outcome.fails(3).says(&format!("cannot listen on {place}: "));
}

#[test]
fn from_a_name_to_a_tcp_port() {
    let scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("tcp:{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        for _ in SIZES {
            let mut stream = accept_tcp(&listener);
            let request = rest(&mut stream);
            stream.write_all(&request).unwrap();
        }
    });
    let _relay = scene.relay(scene.word(), &target).start_listening();
    for size in SIZES {
        let bytes = data(size);
        assert!(exchange(&connect(scene.word()), &bytes) == bytes, "{size} bytes");
    }
    server.join().unwrap();
}

#[test]
fn stdin_and_stdout_are_the_client() {
    let scene = Scene::new();
    let server = echo(scene.word(), SIZES.len());
    for size in SIZES {
        let bytes = data(size);
        scene.lsock(["relay", "-", scene.word()]).input(bytes.clone()).run().silent().output(bytes);
    }
    server.join().unwrap();
    let missing = other(&scene);
    let outcome = scene.lsock(["relay", "-", &missing]).input("lost").run();
    outcome.fails(3).says(&missing).output("");
}

#[test]
fn stdin_and_stdout_are_the_target() {
    let scene = Scene::new();
    let (there, here) = (data(2_000_003), data(3_000_001));
    let relay = scene.relay(scene.word(), "-").arg("--once").input(there.clone()).start_listening();
    assert!(exchange(&connect(scene.word()), &here) == there);
    relay.end().ok().output(&here);

    // One client after another; the first one has had all of the input.
    let mut relay = scene.relay(scene.word(), "-").input("once").start_listening();
    let mut expected = Vec::new();
    for answer in ["once", "", ""] {
        assert_eq!(exchange(&connect(scene.word()), b"request "), answer.as_bytes());
        expected.extend_from_slice(b"request ");
        relay.wait_for_output(&expected);
    }
    assert!(relay.is_running());
}

/// Each of them has a command of its own, which is another client here.
#[test]
fn commands_serve_clients() {
    let scene = Scene::new();
    let behind = other(&scene);
    let command = ["--", LSOCK, "connect", &behind];
    let server = echo(&behind, 6);
    let relay = scene.lsock(["relay", "-v", scene.word()]).args(command);
    let listen = scene.listen(scene.word()).arg("-k").args(command);
    for cmd in [relay, listen] {
        let running = cmd.start_listening();
        let clients: Vec<_> = (0..3)
            .map(|number| {
                let (name, bytes) = (scene.word().to_owned(), data(300_000 * number + 7));
                thread::spawn(move || assert!(exchange(&connect(&name), &bytes) == bytes))
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        for number in 1..=3 {
            running.wait_for_message(&format!("connection {number}: command ended with 0"));
        }
    }
    server.join().unwrap();
}

/// What it says is the client's, and its status is told, or with `--once` the relay's own.
#[test]
fn commands_that_end_by_themselves() {
    let scene = Scene::new();
    let missing = other(&scene);
    let version = scene.lsock(["--version"]).run().silent().stdout;
    let relay = scene
        .lsock(["relay", "-v", scene.word()])
        .args(["--", LSOCK, "--version"])
        .start_listening();
    for number in 1..=2 {
        assert_eq!(rest(connect(scene.word())), version);
        relay.wait_for_message(&format!("connection {number}: command ended with 0"));
    }
    relay.kill();
    for (args, status) in [(&["--version"][..], 0), (&["connect", &missing], 3)] {
        let command = ["--once", "--", LSOCK].iter().chain(args);
        let relay = scene.lsock(["relay", "-v", scene.word()]).args(command).start_listening();
        rest_whatever_happens(connect(scene.word()));
        relay.end().code(status);
    }
    let args = ["--once", "--", "no-such-program-anywhere"];
    let relay = scene.lsock(["relay", "-v", scene.word()]).args(args).start_listening();
    assert_eq!(rest_whatever_happens(connect(scene.word())), b"");
    relay.end().code(1).says("no-such-program-anywhere");
}

/// Its clients get an end, and those that come when it is there are served.
#[test]
fn a_target_that_is_not_there() {
    let scene = Scene::new();
    let behind = other(&scene);
    let mut relay = scene.relay(scene.word(), &behind).start_listening();
    for number in 1..=2 {
        assert_eq!(rest_whatever_happens(connect(scene.word())), b"");
        relay.wait_for_message(&format!(
            "warning: connection {number}: cannot connect to {}",
            Name::parse(&behind).unwrap()
        ));
    }
    let server = echo(&behind, 1);
    assert_eq!(exchange(&connect(scene.word()), b"hi"), b"hi");
    server.join().unwrap();
    assert!(relay.is_running());
}

#[test]
fn with_wait_clients_wait_for_the_target() {
    let scene = Scene::new();
    let behind = other(&scene);
    let relay = scene.relay(scene.word(), &behind).args(["--wait", "-vv"]).start_listening();
    let mut client = connect(scene.word());
    client.write_all(b"early").unwrap();
    relay.wait_for_message("trying again");
    let server = echo(&behind, 1);
    assert_eq!(exchange(&client, b" and late"), b"early and late");
    server.join().unwrap();
    relay.kill();

    let relay = scene.relay(scene.word(), &behind).arg("--wait=200ms").start_listening();
    assert_eq!(rest_whatever_happens(connect(scene.word())), b"");
    relay.wait_for_message("warning: connection 1: ");
    relay.wait_for_message("gave up after 200ms");
}

#[test]
fn with_once_it_ends_with_its_only_client() {
    let scene = Scene::new();
    let behind = other(&scene);
    let server = echo(&behind, 1);
    let relay = scene.relay(scene.word(), &behind).arg("--once").start_listening();
    let bytes = data(1_000_000);
    assert!(exchange(&connect(scene.word()), &bytes) == bytes);
    let outcome = relay.end().ok().output("").does_not_say("warning");
    outcome.says("connection 1: 1000000 bytes to the target, 1000000 bytes back");
    server.join().unwrap();
    // Of a target that is not there it is the failure.
    let relay = scene.relay(scene.word(), &behind).arg("--once").start_listening();
    assert_eq!(rest_whatever_happens(connect(scene.word())), b"");
    relay.end().code(3).says(&behind);
}

/// Whoever goes takes the other one along, and nobody else.
#[test]
fn a_peer_that_is_killed() {
    let scene = Scene::new();
    let behind = other(&scene);
    let mut relay = scene.relay(scene.word(), &behind).start_listening();
    let target = scene.listen(&behind).input("there").start_listening();
    let mut client = connect(scene.word());
    client.write_all(b"here").unwrap();
    target.wait_for_output("here");
    client.read_exact(&mut [0; 5]).unwrap();
    target.kill();
    assert_eq!(rest_whatever_happens(&client), b"");

    let target = scene.listen(&behind).arg("--recv-only").start_listening();
    let mut client = scene.connect(scene.word()).open_input().start();
    client.send("here");
    target.wait_for_output("here");
    client.kill();
    target.end().output("here");
    assert!(relay.is_running());
}

/// What cannot be is said before anything is done, with status 2.
#[test]
fn what_does_not_go_together() {
    let scene = Scene::new();
    let (one, two) = (scene.word(), &*other(&scene));
    let cases: &[(&[&str], &str)] = &[
        (&["-", "-"], "both ends"),
        (&[one], "TARGET"),
        (&[one, one], "itself"),
        (&[one, two, "--", LSOCK], "cannot be used with"),
        (&["exec:cat", two], "cannot be listened on"),
        (&["fd:1", two], "from 3 on"),
        (&[one, "tcp:localhost"], "tcp:HOST:PORT"),
        (&["tcp:0.0.0.0:0", two], "--expose"),
        (&["-", two, "--max-conns", "5"], "--max-conns"),
        (&[one, "-", "--wait"], "--wait"),
        (&[one, "tcp:localhost:80", "--pass-fds"], "--pass-fds"),
    ];
    for (args, part) in cases {
        scene.lsock(["relay"]).args(*args).run().fails(2).says(part).output("");
    }
}

#[test]
fn explain_tells_what_would_be_done() {
    let scene = Scene::new();
    let behind = other(&scene);
    let shown = |name: &str| Name::parse(name).unwrap().to_string();
    let connects = format!("connect to   {}", shown(&behind));
    let listens = format!("listen on    {}", shown(scene.word()));
    let cases: &[(&[&str], &[&str])] = &[
        (&[scene.word(), &behind], &[&listens, &connects, "clients      all at once"]),
        (&["-", &behind], &["listen on    stdin and stdout, the one client", &connects]),
        (&[scene.word(), "-"], &[&listens, "join to      stdin and stdout", "one after another"]),
    ];
    for (args, parts) in cases {
        let outcome = scene.lsock(["relay", "--explain"]).args(*args).run().silent();
        let text = String::from_utf8(outcome.stdout).unwrap();
        for part in *parts {
            assert!(text.contains(part), "{args:?}: no `{part}` in\n{text}");
        }
        assert_eq!(text.contains("descriptors  "), cfg!(unix), "{text}");
    }
}
