//! When a transfer ends: `--eof`, `--send-only`, `--recv-only`, `--linger`,
//! `--idle-timeout`, and a closed or killed peer.

#[cfg(unix)]
mod gone_readers;
#[cfg(unix)]
mod stdout_sockets;

use crate::harness::{Scene, assert_bytes, data};
use std::{
    io::Read,
    thread,
    time::{Duration, Instant},
};

#[test]
fn the_end_of_the_clients_input_leaves_the_other_direction_open() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).open_input().start_listening();
    let mut client = scene.connect(scene.word()).input("request").start();
    server.wait_for_end_of_output("request");
    assert!(client.is_running());
    server.send("answer");
    client.wait_for_output("answer");
    server.close_input();
    client.end().silent();
    server.end().ok();
}

#[test]
fn the_end_of_the_listeners_input_leaves_the_other_direction_open() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).input("greeting").start_listening();
    let mut client = scene.connect(scene.word()).args(["--eof", "half"]).open_input().start();
    client.wait_for_end_of_output("greeting");
    assert!(server.is_running());
    client.send("request");
    server.wait_for_output("request");
    client.close_input();
    server.end().ok();
    client.end().silent();
}

#[test]
fn eof_close_ends_both_directions_at_the_end_of_the_input() {
    let scene = Scene::new();
    let bytes = data(1 << 20);
    let server = scene.listen(scene.word()).open_input().start_listening();
    scene.connect(scene.word()).args(["--eof", "close"]).input(bytes.clone()).run().silent();
    server.end().ok().output(bytes);
}

#[test]
fn eof_close_ends_both_directions_at_the_end_of_the_peer() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).input("all").start_listening();
    let client = scene.connect(scene.word()).args(["--eof", "close"]).open_input().start();
    client.end().silent().output("all");
    server.end().ok();
}

#[test]
fn eof_wait_does_not_half_close() {
    let scene = Scene::new();
    // This server ends at once if the client half-closes.
    let mut server =
        scene.listen(scene.word()).args(["--eof", "close"]).open_input().start_listening();
    let client = scene.connect(scene.word()).args(["--eof", "wait"]).input("request").start();
    server.wait_for_output("request");
    server.send("one");
    client.wait_for_output("one");
    server.send("two");
    client.wait_for_output("onetwo");
    assert!(server.is_running());
    server.close_input();
    client.end().silent();
    server.end().ok();
}

#[test]
fn send_only_does_not_wait_for_an_answer() {
    let scene = Scene::new();
    let bytes = data(300_000);
    let server = scene.listen(scene.word()).arg("--recv-only").open_input().start_listening();
    scene.connect(scene.word()).arg("--send-only").input(bytes.clone()).run().silent().output("");
    server.end().ok().output(bytes);
}

#[test]
fn recv_only_does_not_read_its_input() {
    let scene = Scene::new();
    let bytes = data(300_000);
    let server =
        scene.listen(scene.word()).arg("--send-only").input(bytes.clone()).start_listening();
    let client = scene.connect(scene.word()).arg("--recv-only").open_input().start();
    client.end().silent().output(bytes);
    server.end().ok().output("");
}

#[test]
fn send_only_and_recv_only_exclude_each_other() {
    let scene = Scene::new();
    let both = ["--send-only", "--recv-only"];
    scene.connect(scene.word()).args(both).run().fails(2).says("--recv-only");
    scene.lsock(["listen", scene.word()]).args(both).run().fails(2);
}

/// As at a terminal.
#[test]
fn an_open_input_does_not_delay_the_end_after_the_peer_has_closed() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).args(["--eof", "close"]).input("bye").start_listening();
    let client = scene.connect(scene.word()).open_input().start();
    client.end().silent().output("bye");
    server.end().ok();
}

#[test]
fn a_killed_peer_is_an_end_of_file() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).open_input().start_listening();
    let mut client = scene.connect(scene.word()).open_input().start();
    client.send("last words");
    server.wait_for_output("last words");
    server.send("indeed");
    client.wait_for_output("indeed");
    client.kill();
    server.end().ok();
}

#[test]
fn linger_ends_the_transfer_if_the_peer_does_not() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).open_input().start_listening();
    let start = Instant::now();
    let client = scene.connect(scene.word()).args(["--linger", "400ms"]).input("request").start();
    server.wait_for_output("request");
    server.send("an answer");
    client.end().silent().output("an answer");
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    server.end().ok();
}

#[test]
fn linger_of_zero_ends_at_the_end_of_the_input() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).open_input().start_listening();
    scene.connect(scene.word()).args(["--linger", "0s"]).input("request").run().silent();
    server.end().ok().output("request");
}

/// `--linger` limits the silence of the peer, not the time for which the output is blocked.
#[test]
fn a_slow_reader_gets_everything_with_linger_and_without() {
    let scene = Scene::new();
    let bytes = data(20_000_000);
    // The input of the client is empty: --linger applies from the start.
    for args in [&[][..], &["--linger", "600ms"]] {
        let server = scene.listen(scene.word()).input(bytes.clone()).start_listening();
        let mut client = scene.connect(scene.word()).args(args).unread_output().start();
        // Time is the subject: nobody reads for longer than --linger.
        thread::sleep(Duration::from_secs(2));
        let mut received = Vec::new();
        client.take_output().read_to_end(&mut received).unwrap();
        assert_bytes(&received, &bytes, || format!("with {args:?}"));
        client.end().silent();
        server.end().ok();
    }
}

#[test]
fn idle_timeout_is_status_4() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).open_input().start_listening();
    let start = Instant::now();
    let client = scene.connect(scene.word()).args(["--idle-timeout", "400ms"]).open_input().start();
    client.end().fails(4).says("nothing moved for 400ms");
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    server.end().ok();
}

#[test]
fn idle_timeout_of_a_listener_starts_with_the_connection() {
    let scene = Scene::new();
    let server =
        scene.listen(scene.word()).args(["--idle-timeout", "300ms"]).open_input().start_listening();
    // Time is the subject: longer than the timeout, without a client.
    thread::sleep(Duration::from_millis(500));
    let client = scene.connect(scene.word()).open_input().start();
    server.end().code(4).says("nothing moved for 300ms");
    client.end().fails(1).says("closed the connection before anything was sent or received");
}

#[test]
fn traffic_in_one_direction_is_enough_for_the_idle_timeout() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).open_input().start_listening();
    let mut client =
        scene.connect(scene.word()).args(["--idle-timeout", "2s"]).open_input().start();
    let mut expected = String::new();
    // Time is the subject: the pauses together are longer than the timeout.
    for _ in 0..15 {
        thread::sleep(Duration::from_millis(100));
        client.send("x");
        thread::sleep(Duration::from_millis(100));
        server.send("y");
        expected.push('y');
    }
    client.wait_for_output(expected);
    client.end().fails(4);
    server.end().ok();
}
