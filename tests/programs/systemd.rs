//! Socket activation: systemd listens, and starts the relay when the first client comes.
//! That is what systemd-socket-proxyd is for.

use super::{curl, evidence, on_a_free_port};
use crate::harness::{Cmd, Running, Scene, data, has, signal};
use rustix::process::Signal;
use std::fs;

const CLIENTS: usize = 20;

fn is_here() -> bool {
    has("systemd-socket-activate") && curl::is_here()
}

/// Listens, and becomes a relay to the target at the first connection.
fn activate(scene: &Scene, listen: &str, target: &str) -> Cmd {
    let activate = scene.command("systemd-socket-activate").args(["-l", listen]);
    activate.arg(env!("CARGO_BIN_EXE_lsock")).args(["relay", "-v", "fd:3", target])
}

fn activate_by_name(scene: &Scene, target: &str) -> Running {
    // It takes only whole paths.
    let path = scene.path("activated.sock");
    let relay = activate(scene, path.to_str().unwrap(), target).start();
    relay.wait_for_message("Listening on ");
    relay
}

fn activate_by_tcp(scene: &Scene, target: &str) -> (Running, u16) {
    let start = |port| activate(scene, &format!("127.0.0.1:{port}"), target);
    // A connection would start the relay.
    on_a_free_port(start, |relay, _| relay.stderr.so_far().starts_with(b"Listening on "))
}

/// What runs in the process.
fn program(process: &Running) -> String {
    let path = fs::read_link(format!("/proc/{}/exe", process.pid())).unwrap();
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Of the clients that come before the relay is there none is lost, and those that come
/// later don't start anything. At the end nobody takes connections any more.
#[track_caller]
fn serves(scene: &Scene, relay: Running, route: &[&str], site: &str) {
    let curl = || curl::command(scene).args(route);
    let size = 500_001;
    let body = data(size);
    fs::write(scene.path("body"), &body).unwrap();
    assert_eq!(program(&relay), "systemd-socket-activate", "{}", evidence(&relay));
    let put = |number| curl().args(["-T", "body", &format!("{site}/{number}")]).start();
    let first: Vec<_> = (0..CLIENTS).map(put).collect();
    for client in first {
        client.end().ok().output(format!("{size}\n"));
    }
    assert_eq!(program(&relay), "lsock", "{}", evidence(&relay));
    relay.wait_for_message("listening on ");
    let get = |number| curl().arg(format!("{site}/{number}")).start();
    let then: Vec<_> = (0..CLIENTS).map(get).collect();
    for client in then {
        client.end().ok().output(&body);
    }
    relay.terminate();
    // curl says so with status 7.
    curl().arg(site).run().code(7);
}

#[test]
fn a_name_for_a_name() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = curl::server(&scene);
    let relay = activate_by_name(&scene, "./http.sock");
    serves(&scene, relay, &["--unix-socket", "activated.sock"], "http://localhost");
    // The name is not the relay's: systemd has made it, and would go on listening.
    assert!(scene.path("activated.sock").exists(), "{:?}", scene.files());
}

#[test]
fn a_port_for_a_name() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = curl::server(&scene);
    let (relay, port) = activate_by_tcp(&scene, "./http.sock");
    serves(&scene, relay, &[], &format!("http://127.0.0.1:{port}"));
}

#[test]
fn a_name_for_a_port() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let (_server, port) = curl::server_on_tcp(&scene);
    let relay = activate_by_name(&scene, &format!("tcp:127.0.0.1:{port}"));
    serves(&scene, relay, &["--unix-socket", "activated.sock"], "http://localhost");
}
