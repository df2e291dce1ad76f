//! `--eof`, `--send-only`, `--recv-only`, `--linger` and `--idle-timeout` of a relay.

use crate::harness::{Cmd, Running, Scene, Wire, data, wait_until};
use rustix::io::ioctl_fionread;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Starts a relay to `./t`. Returns it with the client and the target of a connection.
fn start_relay(scene: &Scene, args: &[&str]) -> (Running, Wire, Wire) {
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").args(args).start_listening();
    let client = scene.wire("./s");
    (relay, client, host.accept())
}

#[test]
fn eof_close_ends_both_directions_and_delivers_before() {
    for client_ends in [true, false] {
        let scene = Scene::new();
        let (relay, client, target) = start_relay(&scene, &["--eof", "close"]);
        let (mut one, mut other) = if client_ends { (client, target) } else { (target, client) };
        let mut writer = one.another();
        let writes = thread::spawn(move || {
            writer.send(data(300_000));
            writer.end();
        });
        other.expect_rest(data(300_000));
        writes.join().unwrap();
        // The other side has not half-closed.
        one.expect_rest("");
        relay.wait_for_message(if client_ends {
            "connection 1: 300000 bytes to the target, 0 bytes back in"
        } else {
            "connection 1: 0 bytes to the target, 300000 bytes back in"
        });
    }
}

#[test]
fn eof_wait_does_not_half_close() {
    let scene = Scene::new();
    let (_relay, mut client, mut target) = start_relay(&scene, &["--eof", "wait"]);
    client.send("hi");
    client.end();
    target.expect("hi");
    assert!(target.is_silent(), "the target gets the end of file");
    target.send("answer");
    client.expect("answer");
    target.end();
    client.expect_rest("");
    target.expect_rest("");
}

#[test]
fn send_only_and_recv_only_read_one_side() {
    let cases = [
        ("--send-only", true, "connection 1: 100000 bytes to the target, 0 bytes back in"),
        ("--recv-only", false, "connection 1: 0 bytes to the target, 100000 bytes back in"),
    ];
    for (option, client_sends, message) in cases {
        let scene = Scene::new();
        let (relay, client, target) = start_relay(&scene, &[option]);
        let (mut one, mut other) = if client_sends { (client, target) } else { (target, client) };
        other.send("not wanted");
        one.send(data(100_000));
        one.end();
        assert!(other.rest_whatever_happens() == data(100_000));
        one.expect_rest("");
        relay.wait_for_message(message);
    }
}

/// As the client or as the target: what clients send is what is written to stdout.
#[test]
fn one_direction_applies_to_stdin_and_stdout() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    scene.lsock(["relay", "-", &target, "--send-only"]).input("x").run().silent().output("");
    let (host, target) = scene.host("./u");
    let relay = scene.lsock(["relay", "-", &target, "--recv-only"]).open_input().start();
    host.accept().send("answer");
    relay.end().silent().output("answer");
    let relay = |option: &str, input: &str| -> Cmd {
        scene.relay("./s", "-").args(["--once", option]).input(input)
    };
    let server = relay("--send-only", "no").start_listening();
    assert_eq!(scene.wire("./s").exchange(b"sent"), b"");
    server.end().ok().output("sent");
    let server = relay("--recv-only", "yes").start_listening();
    scene.wire("./s").expect_rest("yes");
    server.end().ok().output("");
}

#[test]
fn linger_limits_the_time_after_the_end_of_one_direction() {
    let scene = Scene::new();
    let (relay, mut client, mut target) = start_relay(&scene, &["--once", "--linger", "300ms"]);
    assert!(target.is_silent() && client.is_silent(), "both directions are open");
    let start = Instant::now();
    client.send("hi");
    client.end();
    client.expect_rest("");
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
    target.expect_rest("hi");
    relay.end().ok().says("ended by --linger");
}

#[test]
fn linger_does_not_count_the_time_in_which_nobody_reads() {
    let scene = Scene::new();
    let (relay, mut client, mut target) = start_relay(&scene, &["--once", "--linger", "1s"]);
    let writes = thread::spawn(move || target.send(data(2 << 20)));
    wait_until("bytes arrive", || ioctl_fionread(&client).unwrap() > 0);
    client.end();
    // Time is the subject: nobody reads.
    thread::sleep(Duration::from_millis(2500));
    client.expect_rest(data(2 << 20));
    writes.join().unwrap();
    relay.end().ok().does_not_say("ended by");
}

#[test]
fn idle_timeout_is_status_4_or_a_warning() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = || scene.relay("./s", "./t").args(["--idle-timeout", "200ms"]);
    let once = relay().arg("--once").start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    client.send("hi");
    client.expect_rest("");
    target.expect_rest("hi");
    once.end().code(4).says("nothing moved for 200ms");
    // Without --once the next client is served.
    let relay = relay().start_listening();
    let mut client = scene.wire("./s");
    let _target = host.accept();
    client.expect_rest("");
    relay.wait_for_message("warning: connection 1: nothing moved for 200ms");
    let mut client = scene.wire("./s");
    client.send("next");
    host.accept().expect("next");
}
