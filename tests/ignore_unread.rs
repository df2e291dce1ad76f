//! `--ignore-unread`: a peer that closes without reading everything is no failure; other losses are.

use crate::harness::{Scene, data};

/// More than fits in the buffers of a connection.
const SIZE: usize = 5_000_000;

const IGNORE: &str = "--ignore-unread";

#[test]
fn a_server_that_closes_without_reading_everything_is_no_failure() {
    for args in [&[][..], &["--send-only"], &["--idle-timeout", "1m"], &["--eof", "close"]] {
        let scene = Scene::new();
        let (host, name) = scene.host(scene.word());
        let client = scene.connect(&name).args(["-v", IGNORE]).args(args).input(data(SIZE)).start();
        let mut wire = host.accept();
        wire.expect(&data(SIZE)[..10]);
        wire.wait_for_blocked_sender();
        drop(wire);
        client.end().ok().says(", not everything was read by the peer").does_not_say("warning");
    }
}

#[test]
fn unread_bytes_in_the_buffer_of_the_peer_are_no_failure() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let mut client = scene.connect(&name).args(["-v", IGNORE]).open_input().start();
    let wire = host.accept();
    client.send("unread");
    wire.wait_for_bytes(6);
    drop(wire);
    client.end().ok().says("sent 6 bytes, received 0 bytes");
}

#[test]
fn a_client_that_closes_without_reading_everything_is_no_failure() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).arg(IGNORE).input(data(SIZE)).start_listening();
    let mut wire = scene.wire(scene.word());
    wire.expect(&data(SIZE)[..10]);
    wire.wait_for_blocked_sender();
    drop(wire);
    server.end().ok().says(", not everything was read by the peer").does_not_say("warning");
}

#[test]
fn both_sides_of_a_relay_may_close_without_reading_everything() {
    let scene = Scene::new();
    let (host, target) = scene.host(&scene.other_word());
    for target_closes in [true, false] {
        let relay = scene.relay(scene.word(), &target).args(["-v", "--once", IGNORE]);
        let relay = relay.start_listening();
        let client = scene.wire(scene.word());
        let wire = host.accept();
        let (mut closes, mut sends) = if target_closes { (wire, client) } else { (client, wire) };
        let mut reads = sends.another();
        let writes = std::thread::spawn(move || std::io::Write::write_all(&mut sends, &data(SIZE)));
        closes.expect(&data(SIZE)[..10]);
        let receiver = if target_closes { "the target" } else { "the client" };
        // A pipe reports what is unread at its close only while the relay writes to it.
        relay.wait_for_message(&format!("{receiver} has taken nothing for 1s"));
        drop(closes);
        assert!(writes.join().unwrap().is_err());
        reads.rest_whatever_happens();
        drop(reads);
        let unread = format!(", not everything was read by {receiver}");
        relay.end().ok().says(&unread).does_not_say("warning");
    }
}

#[test]
fn the_target_of_stdin_may_close_without_reading_everything() {
    let scene = Scene::new();
    let (host, target) = scene.host(scene.word());
    let relay = || scene.lsock(["relay", "-v", "-", &target]).input(data(SIZE));
    for (relay, is_ignored) in [(relay(), false), (relay().arg(IGNORE), true)] {
        let relay = relay.start();
        let mut wire = host.accept();
        wire.expect(&data(SIZE)[..10]);
        wire.wait_for_blocked_sender();
        wire.send("enough");
        drop(wire);
        let outcome = relay.end().code(if is_ignored { 0 } else { 5 });
        assert_eq!(outcome.stdout, b"enough", "{}", outcome.report());
    }
}

#[test]
fn a_time_limit_is_still_a_failure() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    // The time is long enough for the first bytes.
    let args = [IGNORE, "--max-time", "2s", "--copy", "buffer"];
    let client = scene.connect(&name).args(args).input(data(SIZE)).start();
    let _wire = host.accept();
    client.end().fails(5).says("the connection was ended by --max-time");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_client_of_many_that_stops_reading_is_no_warning() {
        let scene = Scene::new();
        std::fs::write(scene.path("in"), data(SIZE)).unwrap();
        for served in [&["--send-only", "--", "cat", "in"][..], &["--", "cat", "in"]] {
            let args = ["-k", IGNORE, "--copy", "buffer"];
            let server = scene.listen("./s").args(args).args(served).start_listening();
            let mut wire = scene.wire("./s");
            wire.expect(&data(SIZE)[..10]);
            drop(wire);
            server.wait_for_message("connection 1: command ended with ");
            server.terminate().does_not_say("warning");
        }
    }

    #[test]
    fn an_output_that_cannot_be_written_is_still_a_failure() {
        let scene = Scene::new();
        let (host, name) = scene.host("./s");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let client = scene.connect(&name).arg(IGNORE).open_input().stdout(full).start();
        host.accept().send("lost");
        client.end().fails(5).says("be delivered to the output");
    }

    #[test]
    fn a_signal_still_counts_what_is_not_delivered() {
        let scene = Scene::new();
        let args = [IGNORE, "--copy", "buffer", "--grace", "200ms"];
        let server = scene.listen("./s").args(args).input(data(SIZE)).start_listening();
        let mut wire = scene.wire("./s");
        wire.expect(&data(SIZE)[..10]);
        server.terminate().says("could not be delivered to the peer");
        drop(wire);
    }

    /// The reset may have discarded a part of the answer.
    #[test]
    fn a_reset_of_tcp_is_still_a_failure() {
        let scene = Scene::new();
        let (host, target) = scene.host("tcp:127.0.0.1:0");
        let relay = scene.lsock(["relay", "-", &target, IGNORE]).input(data(20_000_000)).start();
        let mut wire = host.accept();
        wire.expect(&data(SIZE)[..10]);
        wire.reset();
        relay.end().fails(5);
    }
}
