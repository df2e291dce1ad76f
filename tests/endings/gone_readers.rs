//! A reader of stdout that exits while nothing is written, as in `lsock connect ./events | head -1`.

use crate::harness::{Cmd, Host, Running, Scene, Wire, data};
use std::{
    io::{BufRead, BufReader, Read},
    os::fd::{AsFd, OwnedFd},
};

/// Commands that join stdin and stdout to a peer, and whether that is a client of `./s` or the
/// server `./peer`.
const COMMANDS: [(&str, bool); 12] = [
    ("connect ./peer", false),
    ("connect ./peer --copy buffer", false),
    ("connect ./peer --recv-only", false),
    ("connect ./peer --idle-timeout 1m", false),
    ("connect ./peer --eof wait --copy buffer", false),
    ("relay - ./peer", false),
    ("listen ./s", true),
    ("listen ./s --copy buffer", true),
    ("listen ./s -k", true),
    ("listen ./s -k --merge", true),
    ("relay ./s -", true),
    ("relay ./s - --once", true),
];

/// The standard input of lsock.
const INPUTS: [fn(Cmd) -> Cmd; 2] = [Cmd::open_input, |cmd| cmd.input("")];

fn lsock(scene: &Scene, command: &str) -> Cmd {
    scene.shell(&format!(r#"exec "$0" {command}"#))
}

fn peer(scene: &Scene, host: &Host, is_client: bool) -> Wire {
    if is_client { scene.wire("./s") } else { host.accept() }
}

#[track_caller]
fn expect_the_end(lsock: Running, peer: &mut Wire) {
    lsock.end().silent();
    peer.rest_whatever_happens();
}

#[test]
fn lsock_ends_when_the_reader_of_a_pipe_exits() {
    for ((command, is_client), input) in COMMANDS.into_iter().flat_map(|it| INPUTS.map(|i| (it, i)))
    {
        let scene = Scene::new();
        let (host, _) = scene.host("./peer");
        let mut lsock = input(lsock(&scene, command)).unread_output().start();
        let mut peer = peer(&scene, &host, is_client);
        peer.send("ready\n");
        let mut line = String::new();
        BufReader::new(lsock.take_output()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        expect_the_end(lsock, &mut peer);
    }
}

/// The peer has sent nothing, and nothing was typed.
#[test]
fn lsock_ends_when_the_reader_exits_before_the_first_byte() {
    for (command, is_client) in COMMANDS {
        let scene = Scene::new();
        let (host, _) = scene.host("./peer");
        let mut lsock = lsock(&scene, command).open_input().unread_output().start();
        let mut peer = peer(&scene, &host, is_client);
        drop(lsock.take_output());
        expect_the_end(lsock, &mut peer);
    }
}

#[test]
fn lsock_ends_when_the_peer_of_a_socket_on_stdout_closes() {
    for (command, is_client) in COMMANDS {
        for kind in ["./reader", "tcp:127.0.0.1:0"] {
            let scene = Scene::new();
            let (host, _) = scene.host("./peer");
            let (reader_host, name) = scene.host(kind);
            let mut reader = scene.wire(&name);
            let stdout: OwnedFd = reader_host.accept().as_fd().try_clone_to_owned().unwrap();
            let lsock = lsock(&scene, command).open_input().stdout(stdout).start();
            let mut peer = peer(&scene, &host, is_client);
            peer.send("ready\n");
            reader.expect("ready\n");
            if kind.starts_with("tcp:") {
                reader.reset();
            } else {
                drop(reader);
            }
            expect_the_end(lsock, &mut peer);
        }
    }
}

#[test]
fn a_listener_without_a_client_ends_when_the_reader_exits() {
    // Commands, and whether they have served a client before.
    let cases = [
        ("listen ./s", false),
        ("listen ./s -k", false),
        ("listen ./s -k", true),
        ("listen ./s -k --merge", false),
        ("listen ./s -k --merge", true),
        ("relay ./s -", false),
        ("relay ./s -", true),
        ("relay ./s - --once", false),
    ];
    for (command, is_second) in cases {
        let scene = Scene::new();
        let lsock = lsock(&scene, &format!("{command} -v")).open_input().unread_output();
        let mut lsock = lsock.start_listening();
        let mut output = lsock.take_output();
        if is_second {
            let mut client = scene.wire("./s");
            client.send("a line\n");
            output.read_exact(&mut [0; 7]).unwrap();
            lsock.close_input();
            client.end();
            client.expect_rest("");
        }
        drop(output);
        lsock.end().ok();
        scene.expect_empty();
    }
}

/// Nothing is received for stdout.
#[test]
fn a_reader_that_exits_does_not_end_a_transfer_that_only_sends() {
    let commands = [
        ("connect ./peer --send-only", false),
        ("relay - ./peer --send-only", false),
        ("listen ./s --send-only", true),
        ("listen ./s -k --broadcast", true),
    ];
    for (command, is_client) in commands {
        let scene = Scene::new();
        let (host, _) = scene.host("./peer");
        let mut lsock = lsock(&scene, command).open_input().unread_output().start();
        drop(lsock.take_output());
        let mut peer = peer(&scene, &host, is_client);
        lsock.send("one");
        peer.expect("one");
        lsock.send("two");
        lsock.close_input();
        peer.expect_rest("two");
        drop(peer);
        lsock.end().silent();
    }
}

#[test]
fn what_has_arrived_on_stdin_is_sent_after_the_reader_has_closed() {
    let bytes = data(3_000_000);
    for command in ["connect ./peer", "connect ./peer --copy buffer", "relay - ./peer"] {
        let scene = Scene::new();
        let (host, _) = scene.host("./peer");
        std::fs::write(scene.path("input"), &bytes).unwrap();
        let input = std::fs::File::open(scene.path("input")).unwrap();
        let mut lsock = lsock(&scene, command).stdin(input).unread_output().start();
        let mut peer = host.accept();
        peer.send("ready\n");
        // The peer does not read: the input is being sent.
        lsock.take_output().read_exact(&mut [0; 6]).unwrap();
        peer.expect_rest(&bytes);
        drop(peer);
        lsock.end().ok();
    }
}

/// The relay has watched the reader of stdout before the client came.
#[test]
fn the_only_client_of_a_relay_ends_stdout_while_stdin_is_open() {
    let scene = Scene::new();
    let mut relay = scene.relay("./s", "-").arg("--once").open_input().start_listening();
    let mut client = scene.wire("./s");
    client.send("request");
    client.end();
    relay.wait_for_end_of_output("request");
    relay.send("late answer");
    relay.close_input();
    client.expect_rest("late answer");
    relay.end().ok();
}

#[test]
fn a_pipeline_with_head_ends_while_the_server_is_silent() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").open_input().start_listening();
    server.send("one\n");
    let script = r#"{ "$0" connect ./s; echo status $? >&2; } | head -n 1"#;
    let outcome = scene.shell(script).open_input().run().ok().output("one\n");
    assert_eq!(outcome.stderr, "status 0\n");
    server.close_input();
    server.end().ok();
}
