//! Peers that do not read what was sent: they close, which is a loss, or stay connected, which
//! delays nobody for ever.

use super::LSOCK;
use crate::harness::{Cmd, Running, Scene, Wire, data};
use std::{io::Write, thread, time::Duration};

/// Fits in the buffer of a connection on every system.
const SIZE: usize = 40_000;

/// Returns a client that has sent everything, and its server, which has read nothing.
fn client_of(scene: &Scene, args: &[&str], input_ends: bool) -> (Running, Wire) {
    let (host, _) = scene.host(scene.word());
    let mut client = scene.connect(scene.word()).args(args).open_input().start();
    let wire = host.accept();
    client.send(data(SIZE));
    wire.wait_for_bytes(SIZE as u64);
    if input_ends {
        client.close_input();
    }
    (client, wire)
}

/// Nothing shows when lsock has got to the point at which it waits for its peer.
fn wait_a_moment() {
    thread::sleep(Duration::from_millis(300));
}

/// The system may report that an output is closed only to the second write, and lsock may end after
/// the first one.
fn write_twice(wire: &mut Wire) {
    let _ = wire.write_all(b"x");
    wait_a_moment();
    let _ = wire.write_all(b"y");
}

#[test]
fn a_server_that_closes_without_reading_is_status_5() {
    for (args, input_ends) in [
        (&[][..], false),
        (&[], true),
        (&["--send-only"], false),
        (&["--eof", "wait"], true),
        (&["--linger", "1m"], true),
        (&["--idle-timeout", "1m"], false),
    ] {
        let scene = Scene::new();
        let (client, wire) = client_of(&scene, args, input_ends);
        wait_a_moment();
        drop(wire);
        client.end().fails(5).says("could be delivered to the peer").says("40000 bytes sent");
    }
}

#[test]
fn a_client_that_closes_without_reading_is_status_5() {
    for (args, input_ends) in [(&[][..], false), (&[], true), (&["--send-only"], false)] {
        let scene = Scene::new();
        let mut server = scene.listen(scene.word()).args(args).open_input().start_listening();
        let wire = scene.wire(scene.word());
        server.send(data(SIZE));
        wire.wait_for_bytes(SIZE as u64);
        if input_ends {
            server.close_input();
        }
        wait_a_moment();
        drop(wire);
        server.end().code(5).says("could be delivered to the peer").says("40000 bytes sent");
    }
}

/// Both sides of a relay, with a client that half-closes and one that does not.
#[test]
fn a_target_of_a_relay_that_closes_without_reading_is_a_loss() {
    for ends in [false, true] {
        let scene = Scene::new();
        let (host, target) = scene.host(&scene.other_word());
        let relay = scene.relay(scene.word(), &target).arg("--once").start_listening();
        let mut client = scene.wire(scene.word());
        client.send(data(SIZE));
        if ends {
            client.end();
        }
        let wire = host.accept();
        wire.wait_for_bytes(SIZE as u64);
        wait_a_moment();
        drop(wire);
        client.expect_rest("");
        drop(client);
        relay.end().code(5).says("could be delivered to the target").says("40000 bytes delivered");
    }
}

#[test]
fn a_client_of_a_relay_that_closes_without_reading_is_a_loss() {
    for ends in [false, true] {
        let scene = Scene::new();
        let (host, target) = scene.host(&scene.other_word());
        let relay = scene.relay(scene.word(), &target).arg("--once").start_listening();
        let client = scene.wire(scene.word());
        let mut wire = host.accept();
        wire.send(data(SIZE));
        if ends {
            wire.end();
        }
        client.wait_for_bytes(SIZE as u64);
        wait_a_moment();
        drop(client);
        wire.expect_rest("");
        drop(wire);
        relay.end().code(5).says("could be delivered to the client").says("40000 bytes delivered");
    }
}

/// With `--buffer` the bytes of a command pass through lsock on every system.
#[test]
fn a_peer_of_a_command_that_closes_without_reading_is_status_5() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let source = scene.host(&behind).0.serve_each(2, |mut wire| {
        wire.send(data(SIZE));
        wire.expect_rest("");
    });
    let command = ["--buffer", "64K", "--", LSOCK, "connect", &behind];
    let (host, _) = scene.host(scene.word());
    let client = scene.connect(scene.word()).args(command).start();
    let wire = host.accept();
    wire.wait_for_bytes(SIZE as u64);
    wait_a_moment();
    drop(wire);
    client.end().code(5).says("could be delivered to the peer");
    drop(host);
    let server = scene.listen(scene.word()).args(command).start_listening();
    let wire = scene.wire(scene.word());
    wire.wait_for_bytes(SIZE as u64);
    wait_a_moment();
    drop(wire);
    server.end().code(5).says("could be delivered to the peer");
    source.join().unwrap();
}

/// The end of file, which such a server does not read, is no data.
#[test]
fn a_server_that_has_read_everything_and_closes_is_no_loss() {
    const ROUNDS: usize = 10;
    let scene = Scene::new();
    let (host, _) = scene.host(scene.word());
    let cases = [&[][..], &["--send-only"], &["--eof", "close"], &["--eof", "wait"]];
    let server = host.serve_each(cases.len() * ROUNDS, |mut wire| wire.expect(data(SIZE)));
    for args in cases {
        for _ in 0..ROUNDS {
            scene.connect(scene.word()).args(args).input(data(SIZE)).run().silent();
        }
    }
    server.join().unwrap();
}

#[test]
fn a_peer_that_reads_nothing_does_not_keep_a_transfer_that_only_sends() {
    let scene = Scene::new();
    for args in [&["--send-only"][..], &["--eof", "close"], &["--linger", "0s"]] {
        let (client, mut wire) = client_of(&scene, args, true);
        client.end().silent();
        // What was sent can still be read.
        wire.expect_rest(data(SIZE));
        drop(wire);
        let server = scene.listen(scene.word()).args(args).input(data(SIZE)).start_listening();
        let mut wire = scene.wire(scene.word());
        server.end().ok();
        wire.expect_rest(data(SIZE));
    }
}

#[test]
fn a_peer_that_reads_nothing_does_not_keep_a_relay_or_a_command() {
    let scene = Scene::new();
    let (host, target) = scene.host(&scene.other_word());
    let relay = scene.relay(scene.word(), &target).arg("--once").start_listening();
    let mut client = scene.wire(scene.word());
    client.send(data(SIZE));
    let mut wire = host.accept();
    wire.wait_for_bytes(SIZE as u64);
    drop(client);
    relay.end().ok();
    wire.expect_rest(data(SIZE));
    let source = host.serve_each(1, |mut wire| wire.send(data(SIZE)));
    let (host, name) = scene.host(scene.word());
    let command = ["--linger", "1s", "--", LSOCK, "connect", &target];
    let client = scene.connect(&name).args(command).start();
    let mut wire = host.accept();
    wire.wait_for_bytes(SIZE as u64);
    source.join().unwrap();
    client.end().ok();
    wire.expect_rest(data(SIZE));
}

/// The input is longer than what the connection takes. Where lsock has not read the rest, the time
/// limit is the failure.
#[test]
fn a_peer_that_reads_nothing_is_within_the_time_limits() {
    let status = if cfg!(windows) { 5 } else { 4 };
    let scene = Scene::new();
    let start = |cmd: Cmd| cmd.args(["--idle-timeout", "500ms"]).input(data(5_000_000)).start();
    let (host, _) = scene.host(scene.word());
    for args in [&[][..], &["--send-only"], &["--eof", "close"], &["--linger", "1s"]] {
        let client = start(scene.connect(scene.word()).args(args));
        let wire = host.accept();
        client.end().fails(status);
        drop(wire);
    }
    let behind = scene.other_word();
    let relay = scene.relay(&behind, scene.word()).args(["--once", "--idle-timeout", "500ms"]);
    let relay = relay.start_listening();
    let client = scene.connect(&behind).input(data(5_000_000)).start();
    let wire = host.accept();
    relay.end().code(5);
    client.end().fails(5);
    drop(wire);
    drop(host);
    let server = start(scene.listen(scene.word()));
    server.wait_for_message("listening on ");
    let wire = scene.wire(scene.word());
    server.end().code(status);
    drop(wire);
}

/// On Windows this process still has a part of what a pipe has accepted, and takes it along.
#[test]
fn what_counts_as_delivered_at_a_time_limit_can_be_read() {
    let scene = Scene::new();
    let (host, target) = scene.host(scene.word());
    let behind = scene.other_word();
    for to_target in [true, false] {
        let args = ["--once", "--idle-timeout", "500ms"];
        let relay = scene.relay(&behind, &target).args(args).start_listening();
        let client = scene.wire(&behind);
        let wire = host.accept();
        let (mut sender, mut receiver) = (client.another(), wire.another());
        if !to_target {
            (sender, receiver) = (wire.another(), client.another());
        }
        // It fails at the end of the relay.
        let sends = thread::spawn(move || sender.write_all(&data(5_000_000)).is_err());
        let outcome = relay.end().code(5);
        let (lost, delivered) = outcome.losses();
        let received = receiver.rest_whatever_happens();
        assert!(received == data(delivered), "{} received: {}", received.len(), outcome.report());
        assert!(lost > 0, "{}", outcome.report());
        assert!(sends.join().unwrap());
        drop((client, wire));
    }
}

#[test]
fn a_peer_that_reads_nothing_does_not_keep_a_transfer_without_an_output() {
    let scene = Scene::new();
    for size in [SIZE, 5_000_000] {
        let (host, _) = scene.host(scene.word());
        let mut client = scene.connect(scene.word()).input(data(size)).unread_output().start();
        let mut wire = host.accept();
        drop(client.take_output());
        write_twice(&mut wire);
        client.end();
        drop((wire, host));
        let mut server =
            scene.listen(scene.word()).input(data(size)).unread_output().start_listening();
        let mut wire = scene.wire(scene.word());
        drop(server.take_output());
        write_twice(&mut wire);
        server.end();
    }
}
