//! Taps that come and go while clients connect.

use super::{expect_back, identity, start_server, start_tap};
use crate::harness::{DEADLINE, Scene, signal, wait_until};
use rustix::process::Signal;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    thread,
};

/// Connects, sends a request, and expects the answer.
fn request(path: &Path, text: &str) {
    let mut client = UnixStream::connect(path).expect("somebody listens at every moment");
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    client.write_all(text.as_bytes()).expect("somebody reads");
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("somebody answers");
    assert_eq!(answer, text);
}

#[test]
fn no_request_fails_while_fifty_taps_come_and_go() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let path = scene.path("s");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let before = identity(&path);
    let (is_over, count) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for client in 0..3 {
            let (path, is_over, count) = (&path, &is_over, &count);
            scope.spawn(move || {
                while !is_over.load(Relaxed) {
                    let number = count.fetch_add(1, Relaxed);
                    request(path, &format!("request {number} of client {client}"));
                }
            });
        }
        // The clients end when this thread panics, too.
        let over = OnDrop(&is_over);
        for number in 0..50 {
            let tap = start_tap(&scene, &[]);
            tap.wait_for_message("connection 1: ");
            signal(&tap, [Signal::TERM, Signal::INT, Signal::HUP][number % 3]);
            let outcome = tap.end();
            assert!(outcome.status.code().is_none(), "{}", outcome.report());
            let outcome = outcome.does_not_say("warning").does_not_say("error");
            outcome.says("the socket file is back at ./s");
            expect_back(&scene, before);
        }
        drop(over);
    });
    assert!(count.into_inner() > 500);
}

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The tap is stopped, so that the clients are in its backlog when it gets the signal.
#[test]
fn clients_in_the_backlog_of_a_tap_that_ends_are_served() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    let tap = start_tap(&scene, &[]);
    signal(&tap, Signal::STOP);
    let mut clients: Vec<_> = (0..20).map(|_| scene.wire("./s")).collect();
    for client in &mut clients {
        client.send("before ");
    }
    signal(&tap, Signal::TERM);
    signal(&tap, Signal::CONT);
    wait_until("the server's file is back", || scene.files() == ["s"]);
    expect_back(&scene, before);
    for client in &mut clients {
        client.send("after");
        client.end();
        client.expect_rest("before after");
    }
    tap.end().died_of(Signal::TERM);
}

/// Connections go on after the name was given back, for the time of `--grace`.
#[test]
fn open_connections_get_the_grace_time() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    for grace in ["1m", "100ms"] {
        let tap = start_tap(&scene, &["--grace", grace]);
        let mut client = scene.wire("./s");
        client.send("one ");
        client.expect("one ");
        signal(&tap, Signal::TERM);
        wait_until("the server's file is back", || scene.files() == ["s"]);
        expect_back(&scene, before);
        if grace == "1m" {
            client.expect_echo("two ");
            tap.end().died_of(Signal::TERM);
        } else {
            assert_eq!(client.rest_whatever_happens(), b"");
            tap.end().died_of(Signal::TERM).says("1 connection was still open after 100ms");
        }
    }
}

/// Connections from before a tap are not seen, and not disturbed.
#[test]
fn connections_from_before_go_on() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let mut client = scene.served_wire("./s");
    let tap = start_tap(&scene, &[]);
    client.send("during ");
    client.expect("during ");
    tap.terminate().does_not_say("connection 1");
    client.expect_echo("after");
}

/// The path is as long as the address of a socket can be, with a long or a short last part.
#[test]
fn a_name_of_the_maximum_length_is_tapped() {
    for last in [1, 20, 80] {
        let scene = Scene::new();
        let rest = 107 - scene.folder().as_os_str().len() - last - 1;
        let (folder, name) = ("d".repeat(rest.saturating_sub(1)), "n".repeat(last));
        let path = scene.folder().join(&folder).join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let server = std::os::unix::net::UnixListener::bind(&path).unwrap();
        thread::spawn(move || {
            for client in server.incoming() {
                let mut client = client.unwrap();
                let mut text = String::new();
                client.read_to_string(&mut text).unwrap();
                client.write_all(text.as_bytes()).unwrap();
            }
        });
        let before = identity(&path);
        let tap = scene.lsock(["tap", "-v"]).arg(&path).start();
        tap.wait_for_message("tapping ");
        request(&path, "through the tap");
        tap.wait_for_message("connection 1: 15 bytes");
        tap.terminate();
        assert_eq!(identity(&path), before);
        request(&path, "directly");
        // A second one is found after a crash.
        let tap = scene.lsock(["tap", "-v"]).arg(&path).start();
        tap.wait_for_message("tapping ");
        tap.kill();
        scene.lsock(["tap", "--restore"]).arg(&path).run().ok();
        assert_eq!(identity(&path), before);
    }
}
