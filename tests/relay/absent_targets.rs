//! Targets of a relay that do not exist, come back, or do not accept.

use crate::harness::Scene;
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

/// The target leads to the relay only after its start.
#[test]
fn a_connection_of_a_relay_to_itself_is_refused() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "./t").start_listening();
    let lead_back: [fn(PathBuf, PathBuf) -> io::Result<()>; 2] =
        [|from, to| std::os::unix::fs::symlink(from, to), |from, to| fs::hard_link(from, to)];
    for lead_back in lead_back {
        lead_back(scene.path("s"), scene.path("t")).unwrap();
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
        fs::remove_file(scene.path("t")).unwrap();
    }
    let (_serving, _) = scene.echo("./t");
    scene.wire("./s").expect_echo("hello");
    let outcome = relay.terminate();
    let refused = "refused a connection of this process: the target leads back to it";
    assert_eq!(outcome.stderr.matches(refused).count(), 2, "{}", outcome.stderr);
}

#[test]
fn an_absent_target_ends_the_connection_of_the_client() {
    let scene = Scene::new();
    drop(scene.host("./stale"));
    let (listener, tcp) = scene.host("tcp:127.0.0.1:0");
    drop(listener);
    for (target, reason) in [("./t", "no such file"), ("./stale", "refused"), (&tcp, "refused")] {
        let relay = scene.relay("./s", target).start_listening();
        for number in 1..=3 {
            let mut client = scene.wire("./s");
            // Fails if the connection is closed already.
            let _ = client.write_all(b"hi");
            assert_eq!(client.rest_whatever_happens(), b"");
            relay.wait_for_message(&format!(
                "warning: connection {number}: cannot connect to {target}: "
            ));
        }
        relay.wait_for_message(reason);
        drop(relay);
        let relay = scene.lsock(["relay", "./s", target, "--once"]).start();
        let mut client = scene.wire("./s");
        assert_eq!(client.rest_whatever_happens(), b"");
        relay.end().fails(3).says(reason);
    }
}

#[test]
fn a_target_that_comes_back_is_connected_to_again() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "./t").start_listening();
    for round in 1..=3 {
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
        relay.wait_for_message(&format!("warning: connection {}: ", 2 * round - 1));
        let (_serving, _) = scene.echo("./t");
        scene.wire("./s").expect_echo("hi");
        fs::remove_file(scene.path("t")).unwrap();
    }
}

#[test]
fn with_wait_clients_wait_for_the_target() {
    let scene = Scene::new();
    let (listener, tcp) = scene.host("tcp:127.0.0.1:0");
    drop(listener);
    for target in ["./t", &tcp] {
        let relay = scene.relay("./s", target).args(["--wait", "-vv"]).start_listening();
        let mut clients: Vec<_> = (0..10).map(|_| scene.wire("./s")).collect();
        for client in &mut clients {
            client.send("early");
            client.end();
        }
        relay.wait_for_message("trying again");
        let _serving = scene.echo(target);
        for client in &mut clients {
            client.expect_rest("early");
        }
        drop(relay);
        let _ = fs::remove_file(scene.path("t"));
    }
    let relay = scene.relay("./s", "./t").arg("--wait=200ms").start_listening();
    let start = Instant::now();
    assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
    assert!(start.elapsed() >= Duration::from_millis(200));
    relay.wait_for_message("warning: connection 1: ");
    relay.wait_for_message("gave up after 200ms");
    let relay = scene.relay("./u", "./t").args(["--once", "--wait=100ms"]).start_listening();
    assert_eq!(scene.wire("./u").rest_whatever_happens(), b"");
    relay.end().code(4);
}

#[test]
fn a_client_that_closes_before_the_target_exists_ends_the_wait() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "./t").arg("--wait").start_listening();
    for number in 1..=3 {
        drop(scene.wire("./s"));
        relay.wait_for_message(&format!("connection {number}: over before it was connected"));
    }
    let relay = scene.relay("./u", "./t").args(["--wait", "--once"]).start_listening();
    drop(scene.wire("./u"));
    relay.end().ok();
}

#[cfg(target_os = "linux")]
#[test]
fn a_target_with_a_full_backlog_ends_the_connection_after_the_timeout() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    host.backlog(0);
    let _queued = scene.wire("./t");
    let args = [&target, "--connect-timeout", "200ms"];
    let relay = scene.lsock(["relay", "-v", "./s"]).args(args).start_listening();
    assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
    relay.wait_for_message("warning: connection 1: cannot connect to ./t: no answer within 200ms");
    drop(relay);
    let relay = scene.lsock(["relay", "-v", "./s"]).args(args).arg("--once").start_listening();
    assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
    relay.end().code(4).says("hint: a longer --connect-timeout");
    // Without a timeout the relay waits until there is room.
    let _relay = scene.relay("./s", &target).start_listening();
    let mut client = scene.wire("./s");
    client.send("patience");
    client.end();
    drop(host.accept());
    assert_eq!(host.accept().rest(), b"patience");
}

/// Input that was read before is lost, but the failed connect is the more useful error.
#[test]
fn a_failed_target_of_stdin_and_stdout_is_reported_and_not_the_lost_input() {
    let scene = Scene::new();
    for input in [&b""[..], b"x", &[7; 1_000_000]] {
        let relay = |target: &[&str]| scene.lsock(["relay", "-"]).args(target).input(input).run();
        relay(&["./absent"]).fails(3).says("cannot connect to ./absent").output("");
        relay(&["--", "no-such-program"]).fails(2).says("cannot run").output("");
    }
}
