//! Peers that close, or are killed, before they have read everything.

use super::COPY_MODES;
use crate::harness::{Running, Scene, Wire, data, numbers, signal, wait_for_bytes, wait_until};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    thread,
    time::Duration,
};

const SIZE: usize = 5_000_000;

/// Accepts one client, reads 1000 bytes and closes.
fn start_leaving_server(scene: &Scene) -> thread::JoinHandle<()> {
    let (host, _) = scene.host("./s");
    host.serve_each(1, |mut wire| wire.expect(data(1000)))
}

/// Returns a client that has sent 4 bytes and keeps its input open, and the server's socket, in
/// which they are unread.
fn client_that_has_sent(scene: &Scene, args: &[&str]) -> (Running, Wire) {
    let (host, _) = scene.host("./s");
    let mut client = scene.connect("./s").args(args).open_input().start();
    let wire = host.accept();
    client.send("lost");
    wait_for_bytes(&wire, 4);
    (client, wire)
}

#[test]
fn a_server_that_closes_during_a_transfer_is_status_5() {
    for args in [&[][..], &["--copy", "buffer"], &["--send-only"], &["--linger", "1m"]] {
        let scene = Scene::new();
        let server = start_leaving_server(&scene);
        let outcome = scene.connect("./s").args(args).input(data(SIZE)).run().fails(5);
        let counts = numbers(&outcome.stderr);
        outcome.says("be delivered to the peer").says("bytes sent)");
        assert!(counts.iter().any(|count| (1..=SIZE).contains(count)), "{counts:?}");
        server.join().unwrap();
    }
}

/// The length of a file is known, so bytes that were not read from it are counted as well.
#[test]
fn every_byte_of_an_input_file_is_counted() {
    let scene = Scene::new();
    fs::write(scene.path("in"), data(SIZE)).unwrap();
    for args in [&[][..], &["--buffer", "1000"], &["--send-only"]] {
        let server = start_leaving_server(&scene);
        let input = File::open(scene.path("in")).unwrap();
        let outcome = scene.connect("./s").args(args).stdin(input).run().fails(5);
        let sum: usize = numbers(&outcome.stderr).iter().sum();
        assert_eq!(sum, SIZE, "{}", outcome.report());
        server.join().unwrap();
        fs::remove_file(scene.path("s")).unwrap();
    }
}

/// Until the server closes, the client has only seen an end of file.
#[test]
fn a_server_that_shuts_down_and_closes_later_is_status_5() {
    const SIZE: usize = 50_000;
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let mut client = scene.connect("./s").open_input().start();
    let wire = host.accept();
    client.send(data(SIZE));
    client.close_input();
    wait_for_bytes(&wire, SIZE as u64);
    wire.shut_down();
    // Nothing shows when the client has seen the end of file.
    thread::sleep(Duration::from_millis(50));
    drop(wire);
    client.end().code(5).says("be delivered to the peer");
}

/// A server that shuts down both directions, reads nothing, and closes late or never.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_shuts_down_without_reading_is_status_5() {
    for (input_ends, closes) in [(false, false), (true, false), (false, true), (true, true)] {
        let scene = Scene::new();
        let (mut client, wire) = client_that_has_sent(&scene, &[]);
        if input_ends {
            client.close_input();
            wait_until("the client has half-closed", || is_half_closed(&wire));
        }
        wire.shut_down();
        let open = if closes {
            // The client checks the socket several times meanwhile, which nothing shows.
            thread::sleep(Duration::from_millis(1500));
            drop(wire);
            None
        } else {
            Some(wire)
        };
        let reason = if closes { "has closed" } else { "has not read the rest (4 bytes sent)" };
        let outcome = client.end().fails(5).says(reason);
        outcome.says("not everything could be delivered to the peer");
        drop(open);
    }
}

#[cfg(target_os = "linux")]
fn is_half_closed(wire: &Wire) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(wire, PollFlags::RDHUP)], Some(&now)).unwrap() > 0
}

#[test]
fn a_server_that_half_closes_first_and_reads_slowly_gets_everything() {
    const SIZE: usize = 50_000;
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    for args in [&[][..], &["--eof", "close"], &["--send-only"]] {
        let client = scene.connect("./s").args(args).input(data(SIZE)).start();
        let mut wire = host.accept();
        // With --eof close the server's end of file would end the client's direction too.
        wait_for_bytes(&wire, SIZE as u64);
        wire.end();
        for piece in data(SIZE).chunks(SIZE / 5) {
            // Time is the subject: a slow reader.
            thread::sleep(Duration::from_millis(300));
            wire.expect(piece);
        }
        client.end().silent();
    }
}

#[test]
fn a_client_that_closes_during_a_transfer_is_status_5() {
    for args in COPY_MODES {
        let scene = Scene::new();
        let server = scene.listen("./s").args(args).input(data(SIZE)).start_listening();
        scene.wire("./s").expect(data(1000));
        server.end().code(5).says("be delivered to the peer");
        scene.expect_empty();
    }
}

/// With `--send-only` nothing is read, so the reset cannot be noticed by reading.
#[test]
fn a_peer_that_closes_without_reading_is_status_5() {
    for args in [&[][..], &["--send-only"]] {
        let scene = Scene::new();
        let (client, wire) = client_that_has_sent(&scene, args);
        drop(wire);
        client.end().fails(5).says("could be delivered");
    }
}

#[test]
fn a_server_that_closes_at_once_is_no_failure_if_nothing_is_sent() {
    const ROUNDS: usize = 20;
    let scene = Scene::new();
    fs::write(scene.path("empty"), "").unwrap();
    let server = scene.host("./s").0.serve_each(4 * ROUNDS, drop);
    for _ in 0..ROUNDS {
        let empty = File::open(scene.path("empty")).unwrap();
        let client = || scene.connect("./s");
        // /dev/null, a pipe and a file.
        for client in [client(), client().input(""), client().stdin(empty)] {
            client.run().silent().output("");
        }
        scene.relay("-", "./s").input("").run().ok().output("");
    }
    server.join().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_that_a_killed_client_has_sent_are_delivered() {
    let scene = Scene::new();
    for args in COPY_MODES {
        let bytes = data(50_000);
        let server = scene.listen("./s").args(args).open_input().start_listening();
        let mut client = scene.connect("./s").open_input().start();
        client.send("x");
        server.wait_for_output("x");
        signal(&server, Signal::STOP);
        client.send(&bytes);
        // Bytes that are spliced leave the pipe when they are in the socket.
        wait_for_bytes(client.take_input(), 0);
        client.kill();
        signal(&server, Signal::CONT);
        server.end().ok().output([b"x", &bytes[..]].concat());
    }
}

#[test]
fn the_loss_of_the_only_client_at_the_end_of_the_grace_time_is_reported() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["--grace", "100ms"]).input(data(SIZE)).start_listening();
    let mut client = scene.wire("./s");
    client.expect(data(1));
    server.terminate().says("could not be delivered to the peer: ");
}
