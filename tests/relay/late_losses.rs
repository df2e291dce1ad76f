//! Peers that shut down both directions, read nothing, and close late or never: whether bytes
//! are lost is decided when they close.

use crate::harness::{Data, Host, Running, Scene, Wire, data, wait_for_bytes, wait_until};
use rustix::io::ioctl_fionread;
use std::{
    fs,
    io::Write,
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
    wire.shut_down();
    // The client does not have to wait until the target closes.
    client.expect_rest("");
    wait_until("the client's connection is closed", || client.write(b"x").is_err());
    wire
}

/// Closes the socket, or keeps it open. Returns what the relay reports of the peer.
fn close_or_keep(wire: Wire, closes: bool, count: usize) -> (Option<Wire>, String) {
    if closes {
        // Nothing shows when the relay has checked the open socket.
        thread::sleep(Duration::from_millis(100));
        drop(wire);
        (None, "the peer has closed".to_owned())
    } else {
        let reason = "the peer has shut down the connection and has not read the rest";
        (Some(wire), format!("{reason} ({count} bytes delivered)"))
    }
}

#[test]
fn a_target_that_shuts_down_without_reading_is_reported_late() {
    for (closes, once) in [(true, true), (false, true), (true, false)] {
        let scene = Scene::new();
        let (host, target) = scene.host("./t");
        let relay = scene.lsock(["relay", "./s", &target]).args(once.then_some("--once")).start();
        let wire = shut_down_unread(&scene, &host);
        let (_open, reason) = close_or_keep(wire, closes, 4);
        let message = format!("not everything could be delivered to the target: {reason}");
        if once {
            relay.end().fails(5).says(&message);
        } else {
            relay.wait_for_message(&format!("warning: connection 1: {message}"));
        }
    }
}

#[test]
fn a_client_that_shuts_down_without_reading_is_reported_late() {
    for closes in [true, false] {
        let scene = Scene::new();
        let (host, target) = scene.host("./t");
        let relay = scene.lsock(["relay", "./s", &target, "--once"]).start();
        let client = scene.wire("./s");
        let mut wire = host.accept();
        wire.send("answer");
        wait_for_bytes(&client, 6);
        client.shut_down();
        wire.expect_rest("");
        drop(wire);
        let (_open, reason) = close_or_keep(client, closes, 6);
        let message = format!("not everything could be delivered to the client: {reason}");
        relay.end().fails(5).says(&message);
    }
}

#[test]
fn an_open_target_is_reported_at_the_end_of_the_grace_time() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.lsock(["relay", "./s", &target, "--grace", "100ms"]).start();
    let _wire = shut_down_unread(&scene, &host);
    let start = Instant::now();
    let outcome = relay.terminate();
    outcome.says("the peer has shut down the connection and has not read the rest");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// More than a pipe holds, and less than a pipe, the relay and its sockets.
const SIZE: usize = 200_000;

/// Starts `relay -` with a target that sends more bytes than a pipe holds, and closes. `--buffer`
/// keeps the pipe small.
fn start_with_blocked_stdout(scene: &Scene, args: &[&str]) -> Running {
    let (host, target) = scene.host("./t");
    let relay = scene
        .lsock(["relay", "-v", "--buffer", "64K", "-", &target])
        .args(args)
        .unread_output()
        .start();
    let mut wire = host.accept();
    wire.send(data(SIZE));
    wire.end();
    relay.wait_for_message("connection 1");
    relay
}

#[test]
fn a_slow_reader_of_stdout_gets_everything() {
    let scene = Scene::new();
    let mut relay = start_with_blocked_stdout(&scene, &[]);
    // Written when the relay has decided about the connection to the target.
    relay.wait_for_message("bytes back in");
    assert_eq!(Data::default().read_from(relay.take_output()), SIZE as u64);
    relay.end().ok().does_not_say("warning");
}

#[test]
fn bytes_for_a_blocked_stdout_are_counted_at_the_end_of_the_grace_time() {
    let scene = Scene::new();
    let mut relay = start_with_blocked_stdout(&scene, &["--grace", "300ms"]);
    let output = relay.take_output();
    wait_until("the pipe is full", || ioctl_fionread(&output).unwrap() >= 60_000);
    let outcome = relay.terminate().says("could not be delivered to the output: ");
    let (lost, delivered) = outcome.losses();
    assert_eq!(delivered as u64, Data::default().read_from(output), "{}", outcome.report());
    assert_eq!(lost + delivered, SIZE, "{}", outcome.report());
}

/// The thread of the standard streams does not know of the bytes that the relay still holds.
#[test]
fn bytes_for_a_blocked_stdout_are_counted_at_a_time_limit() {
    let scene = Scene::new();
    let relay = scene.lsock(["relay", "-v", "--once", "--idle-timeout", "500ms", "./s", "-"]);
    let mut relay = relay.unread_output().start_listening();
    let mut client = scene.wire("./s");
    let sender = thread::spawn(move || {
        // More than the pipe and all sockets hold: it fails at the end of the relay.
        client.write_all(&data(5_000_000))
    });
    relay.wait_for_message("ended by --idle-timeout");
    let read = Data::default().read_from(relay.take_output());
    let outcome = relay.end().code(5).says("could not be delivered to the output: ");
    let (lost, delivered) = outcome.losses();
    assert_eq!(delivered as u64, read, "{}", outcome.report());
    assert!(lost > 0, "{}", outcome.report());
    assert!(sender.join().unwrap().is_err());
}

/// What the thread of the standard streams has sent to the relay is not delivered by that. The input
/// is a file, so that the whole of it counts.
#[test]
fn bytes_for_a_target_are_counted_at_a_time_limit() {
    const INPUT: usize = 5_000_000;
    let scene = Scene::new();
    fs::write(scene.path("input"), data(INPUT)).unwrap();
    let (host, target) = scene.host("./t");
    let run = |args: &[&str]| {
        let relay = scene.lsock(["relay", "-", &target]).args(args);
        relay.stdin(fs::File::open(scene.path("input")).unwrap()).start()
    };
    for (args, reason) in [
        (&["--idle-timeout", "300ms"][..], "the connection was ended by --idle-timeout"),
        (&["--idle-timeout", "300ms", "--buffer", "100"], "the connection was ended by"),
    ] {
        let relay = run(args);
        let mut wire = host.accept();
        let outcome = relay.end().fails(5);
        let outcome =
            outcome.says(&format!("bytes could not be delivered to the target: {reason}"));
        let (lost, delivered) = outcome.losses();
        assert!(wire.rest_whatever_happens() == data(delivered), "{}", outcome.report());
        assert_eq!(lost + delivered, INPUT, "{}", outcome.report());
    }
    let relay = run(&["--grace", "100ms"]);
    let mut wire = host.accept();
    wait_until("the target has some of it", || ioctl_fionread(&wire).unwrap() > 100_000);
    let reason = "the connection was closed at the end of the grace time";
    let outcome = relay.terminate().says(&format!("delivered to the target: {reason}"));
    let (_, delivered) = outcome.losses();
    assert!(wire.rest_whatever_happens() == data(delivered), "{}", outcome.report());
}

#[test]
fn bytes_for_a_client_are_counted_at_a_time_limit() {
    const INPUT: usize = 5_000_000;
    let scene = Scene::new();
    fs::write(scene.path("input"), data(INPUT)).unwrap();
    let relay = scene.relay("./s", "-").args(["--once", "--idle-timeout", "300ms"]);
    let relay = relay.stdin(fs::File::open(scene.path("input")).unwrap()).start_listening();
    let mut client = scene.wire("./s");
    let outcome = relay.end().code(5);
    let reason = "the connection was ended by --idle-timeout";
    let outcome = outcome.says(&format!("bytes could not be delivered to the client: {reason}"));
    let (lost, delivered) = outcome.losses();
    assert!(client.rest_whatever_happens() == data(delivered), "{}", outcome.report());
    assert_eq!(lost + delivered, INPUT, "{}", outcome.report());
}
