//! Counts the system calls of a connection (`strace(1)`): what nobody asked for must not cost any.

use crate::harness::{Cmd, Scene, has, wait_until};
use std::{collections::BTreeMap, fs};

/// Round trips of a connection.
const ROUNDS: usize = 1000;

/// Calls that do not depend on the number of messages, at most: fewer than `ROUNDS`, so that one
/// more call for each message fails the test.
const OTHERS: usize = 900;

/// Runs lsock so that its calls are in the file `trace`: all but those of waiting threads, and of the
/// dynamic loader, which searches the library path of the test.
fn traced(scene: &Scene, args: &[&str]) -> Cmd {
    let strace = ["-D", "-f", "-qq", "-e", "trace=!futex,openat,newfstatat", "-o", "trace"];
    scene.command("strace").args(strace).arg(env!("CARGO_BIN_EXE_lsock")).args(args)
}

/// Returns the calls of a trace by their names.
fn calls(scene: &Scene) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(scene.path("trace")).unwrap();
    let mut calls = BTreeMap::new();
    // `PID name(...) = ...`; an interrupted call continues in a line of its own.
    for line in text.lines().filter(|line| !line.contains("resumed>")) {
        let name = line.split_whitespace().nth(1).and_then(|call| call.split_once('('));
        if let Some((name, _)) = name {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

#[track_caller]
fn assert_calls(scene: &Scene, needed: usize) {
    let calls = calls(scene);
    let count: usize = calls.values().sum();
    assert!(count <= needed + OTHERS, "{count} calls, {needed} are needed: {calls:?}");
    assert!(count >= needed, "the trace is not complete: {count} calls: {calls:?}");
}

#[test]
fn a_relayed_message_takes_a_wait_a_read_and_a_write() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = traced(&scene, &["relay", "--once", "-v", "./s", &target]).start_listening();
    let mut client = scene.wire("./s");
    let mut server = host.accept();
    for _ in 0..ROUNDS {
        client.send("to there");
        server.expect("to there");
        server.send("and back");
        client.expect("and back");
    }
    client.end();
    server.end();
    relay.end().ok();
    assert_calls(&scene, 6 * ROUNDS);
}

/// A wait for the peer is a wait for the reader of stdout as well, which may exit meanwhile.
#[test]
fn a_message_of_standard_streams_takes_a_wait_a_read_and_a_write() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let mut listener =
        traced(&scene, &["listen", "-v", "--copy", "buffer", "./s"]).open_input().start_listening();
    let mut client = scene.wire("./s");
    let mut received = String::new();
    for _ in 0..ROUNDS {
        listener.send("to there");
        client.expect("to there");
        client.send("and back");
        received.push_str("and back");
        listener.wait_for_output(&received);
    }
    listener.close_input();
    client.end();
    listener.end().ok();
    assert_calls(&scene, 6 * ROUNDS);
}

/// No reader of a file exits, so the stream is read with a blocking call.
#[test]
fn a_message_for_a_file_takes_a_read_and_a_write() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let path = scene.path("received");
    let file = fs::File::create(&path).unwrap();
    let listener = traced(&scene, &["listen", "-v", "./s"]).stdout(file).start_listening();
    let mut client = scene.wire("./s");
    for round in 1..=ROUNDS {
        client.send("to there");
        let size = 8 * round as u64;
        wait_until("it is written", || fs::metadata(&path).unwrap().len() == size);
    }
    client.end();
    listener.end().ok();
    assert_calls(&scene, 2 * ROUNDS);
}
