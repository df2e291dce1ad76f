//! `--probe`: whether a connection succeeds.

use crate::harness::{DEADLINE, Running, Scene};
#[cfg(target_os = "linux")]
use crate::harness::{wait_until, waits_in};
use std::{fs, os::unix::net::UnixDatagram, time::Instant};

/// Starts a probe that waits, and returns when it has tried once.
fn waiting_probe(scene: &Scene, names: &[&str]) -> Running {
    let limit = format!("--probe={}s", DEADLINE.as_secs());
    let probe = scene.lsock(["name", &limit]).args(names).env("LSOCK_LOG", "debug").start();
    probe.wait_for_message("trying again");
    probe
}

#[test]
fn it_waits_until_a_server_appears() {
    let scene = Scene::new();
    let word = scene.word().to_owned();
    let probe = waiting_probe(&scene, &["./s", &word]);
    let _file = scene.host("./s");
    let _word = scene.host(&word);
    let outcome = probe.end().ok();
    assert_eq!(outcome.stdout_text().matches("accepts connections\n").count(), 2);
    outcome.prints("server      pid ");
}

#[test]
fn it_waits_for_the_folder_and_in_place_of_a_file() {
    let scene = Scene::new();
    fs::write(scene.path("s"), "").unwrap();
    let (folder, file) = (waiting_probe(&scene, &["./new/s"]), waiting_probe(&scene, &["./s"]));
    fs::create_dir(scene.path("new")).unwrap();
    let _inner = scene.host("./new/s");
    fs::remove_file(scene.path("s")).unwrap();
    let _outer = scene.host("./s");
    folder.end().ok();
    file.end().ok();
}

#[test]
fn it_ends_when_the_time_is_over() {
    let scene = Scene::new();
    drop(scene.host("./stale"));
    for (name, reason) in [
        ("./missing", "no such file or directory"),
        ("./stale", "connection refused: it is a socket file that nobody listens on"),
    ] {
        let start = Instant::now();
        let outcome = scene.lsock(["name", "--probe=300ms", name]).run().code(4);
        assert!(start.elapsed().as_millis() >= 300);
        outcome.prints(&format!("probe       {reason}"));
        let outcome = scene.lsock(["name", "--probe", name]).run().code(3);
        outcome.prints(&format!("probe       {reason}"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_backlog_is_no_success() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    host.backlog(0);
    let _first = scene.wire(&name);
    let full = "probe       its backlog is full (1/0)\n";
    scene.lsock(["name", "--probe", &name]).run().code(3).prints(full);
    scene.lsock(["name", "--probe=50ms", &name]).run().code(4).prints(full);
    let limit = format!("--probe={}s", DEADLINE.as_secs());
    let probe = scene.lsock(["name", "-q", &limit, &name]).start();
    wait_until("the probe waits", || waits_in(&probe, "lsock", "unix_wait_for_peer"));
    host.accept();
    probe.end().silent();
}

/// The server sees a client that closes without sending anything.
#[test]
fn nothing_is_sent() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    scene.lsock(["name", "--probe", &name]).run().silent();
    assert_eq!(host.accept().rest_whatever_happens(), b"");
    let receiver = UnixDatagram::bind(scene.path("datagram")).unwrap();
    scene.lsock(["name", "--probe", "./datagram"]).run().silent();
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.recv(&mut [0; 9]).is_err());
}
