//! Peers that end both directions, read nothing, and close late or never.

use crate::harness::{
    Host, Running, Scene, Wire, assert_bytes, data, numbers, signal, wait_for_bytes, wait_until,
};
use rustix::{
    io::ioctl_fionread,
    net::{Shutdown, shutdown},
    process::Signal,
};
use std::{
    io::{Read, Write},
    thread,
    time::{Duration, Instant},
};

/// Sends 4 bytes through the relay to a target that shuts down both directions without reading
/// them. Returns the target's socket when the relay has closed the client's connection.
fn shut_down_unread(scene: &Scene, host: &Host) -> Wire {
    let mut client = scene.wire("./s");
    client.send("lost");
    let wire = host.accept();
    wait_for_bytes(&wire, 4);
    shutdown(&wire, Shutdown::Both).unwrap();
    // The client is not kept until it is decided whether the target has read everything.
    client.expect_rest("");
    wait_until("the client's connection is closed", || client.write(b"x").is_err());
    wire
}

/// A target that ends both directions, reads nothing, and closes late or never.
#[test]
fn a_target_that_ends_both_directions_and_does_not_close() {
    for (closes, once) in [(true, true), (false, true), (true, false)] {
        let scene = Scene::new();
        let (host, target) = scene.host("./t");
        let relay = scene.lsock(["relay", "./s", &target]).args(once.then_some("--once")).start();
        let wire = shut_down_unread(&scene, &host);
        if closes {
            // What is not to be seen yet cannot be waited for.
            thread::sleep(Duration::from_millis(100));
        }
        let open = (!closes).then_some(wire);
        let why = if closes { "has closed" } else { "has not read the rest (4 bytes delivered)" };
        let text = "not everything could be delivered to the target: the peer ";
        if once {
            relay.end().fails(5).says(text).says(why);
        } else {
            relay.wait_for_message(&format!("warning: connection 1: {text}{why}"));
        }
        drop(open);
    }
}

/// The same of a client, with what it was answered.
#[test]
fn a_client_that_ends_both_directions_and_does_not_close() {
    for closes in [true, false] {
        let scene = Scene::new();
        let (host, target) = scene.host("./t");
        let relay = scene.lsock(["relay", "./s", &target, "--once"]).start();
        let client = scene.wire("./s");
        let mut wire = host.accept();
        wire.send("answer");
        wait_for_bytes(&client, 6);
        shutdown(&client, Shutdown::Both).unwrap();
        wire.expect_rest("");
        drop(wire);
        if closes {
            // What is not to be seen yet cannot be waited for.
            thread::sleep(Duration::from_millis(100));
        }
        let open = (!closes).then_some(client);
        let why = if closes { "has closed" } else { "has not read the rest (6 bytes delivered)" };
        let text = "not everything could be delivered to the client: the peer ";
        relay.end().fails(5).says(text).says(why);
        drop(open);
    }
}

/// The grace time holds for what is not decided, too.
#[test]
fn an_undecided_target_does_not_outlast_the_grace_time() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.lsock(["relay", "./s", &target, "--grace", "100ms"]).start();
    let _wire = shut_down_unread(&scene, &host);
    let start = Instant::now();
    signal(&relay, Signal::TERM);
    let outcome = relay.end().died_of(Signal::TERM);
    outcome.says("the peer has shut down the connection and has not read the rest");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// Starts `relay -` with a target that sends more than a pipe takes (1 MiB at most), and ends.
fn start_with_blocked_stdout(scene: &Scene, args: &[&str]) -> (Running, Vec<u8>) {
    let bytes = data(1_100_000);
    let (host, target) = scene.host("./t");
    let relay = scene.lsock(["relay", "-v", "-", &target]).args(args).unread_output().start();
    let mut wire = host.accept();
    // It blocks until the relay has read everything.
    wire.send(&bytes);
    wire.end();
    relay.wait_for_message("connection 1");
    (relay, bytes)
}

/// However long the reader of stdout takes, that is no loss.
#[test]
fn a_slow_reader_of_stdout_of_a_relay() {
    let scene = Scene::new();
    let (mut relay, bytes) = start_with_blocked_stdout(&scene, &[]);
    let mut output = relay.take_output();
    // Said when the relay has decided about the socket to the thread of the standard streams.
    relay.wait_for_message("bytes back in");
    let mut received = Vec::new();
    output.read_to_end(&mut received).unwrap();
    assert_bytes(&received, &bytes, String::new);
    relay.end().ok().does_not_say("warning");
}

#[test]
fn a_blocked_stdout_of_a_relay_at_the_end_of_the_grace_time() {
    let scene = Scene::new();
    let (mut relay, bytes) = start_with_blocked_stdout(&scene, &["--grace", "300ms"]);
    let mut output = relay.take_output();
    wait_until("the pipe is full", || ioctl_fionread(&output).unwrap() >= 60_000);
    signal(&relay, Signal::TERM);
    let outcome = relay.end().died_of(Signal::TERM).says("could not be delivered to the output: ");
    let line = outcome.stderr.lines().find(|line| line.contains("not be delivered")).unwrap();
    let [lost, delivered] = numbers(line)[..] else { panic!("{line}") };
    let mut received = Vec::new();
    output.read_to_end(&mut received).unwrap();
    assert_eq!(delivered, received.len(), "{line}");
    assert_eq!(lost + delivered, bytes.len(), "{line}");
}
