//! Socket activation: systemd listens, and starts the relay when the first client connects, as
//! it does with systemd-socket-proxyd.

use super::{curl, on_a_free_port};
use crate::harness::{Cmd, Running, Scene, data, has};
use std::{fs, io::Read, os::unix::net::UnixStream};

const CLIENTS: usize = 20;

fn is_here() -> bool {
    has("systemd-socket-activate") && curl::is_here()
}

/// A process that listens, and becomes a relay to the target at the first connection.
fn activate(scene: &Scene, listen: &str, target: &str) -> Cmd {
    let activate = scene.command("systemd-socket-activate").args(["-l", listen]);
    activate.arg(env!("CARGO_BIN_EXE_lsock")).args(["relay", "-v", "fd:3", target])
}

fn activate_by_name(scene: &Scene, target: &str) -> Running {
    // systemd-socket-activate takes absolute paths only.
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

/// Returns the name of the program that runs in the process.
fn program(process: &Running) -> String {
    let path = fs::read_link(format!("/proc/{}/exe", process.pid())).unwrap();
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Fails unless the relay serves clients that connect before it has started and later ones. After
/// its end nobody listens.
#[track_caller]
fn expect_service(scene: &Scene, relay: Running, route: &[&str], site: &str) {
    let curl = || curl::command(scene).args(route);
    let size = 500_001;
    let body = data(size);
    fs::write(scene.path("body"), &body).unwrap();
    assert_eq!(program(&relay), "systemd-socket-activate");
    let put = |number| curl().args(["-T", "body", &format!("{site}/{number}")]).start();
    for client in (0..CLIENTS).map(put).collect::<Vec<_>>() {
        client.end().ok().output(format!("{size}\n"));
    }
    assert_eq!(program(&relay), "lsock");
    relay.wait_for_message("listening on ");
    let get = |number| curl().arg(format!("{site}/{number}")).start();
    for client in (0..CLIENTS).map(get).collect::<Vec<_>>() {
        client.end().ok().output(&body);
    }
    relay.terminate();
    // Connection refused.
    curl().arg(site).run().code(7);
}

#[test]
fn an_activated_name_serves_a_name() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = curl::server(&scene);
    let relay = activate_by_name(&scene, "./http.sock");
    expect_service(&scene, relay, &["--unix-socket", "activated.sock"], "http://localhost");
    // systemd created the file, and would listen on it again.
    assert!(scene.path("activated.sock").exists(), "{:?}", scene.files());
}

#[test]
fn an_activated_port_serves_a_name() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = curl::server(&scene);
    let (relay, port) = activate_by_tcp(&scene, "./http.sock");
    expect_service(&scene, relay, &[], &format!("http://127.0.0.1:{port}"));
}

#[test]
fn an_activated_name_serves_a_port() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let (_server, port) = curl::server_on_tcp(&scene);
    let relay = activate_by_name(&scene, &format!("tcp:127.0.0.1:{port}"));
    expect_service(&scene, relay, &["--unix-socket", "activated.sock"], "http://localhost");
}

/// Nobody would accept the clients of the second one.
#[test]
fn a_second_activated_socket_that_is_not_served_is_an_error() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let path = |name| scene.path(name).to_str().unwrap().to_owned();
    let [first, second] = ["first.sock", "second.sock"].map(path);
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let activate = scene.command("systemd-socket-activate").args(["-l", &first, "-l", &second]);
    let activate = activate.args([lsock, "relay", "fd:3", "./t"]).start();
    activate.wait_for_message(&format!("Listening on {second}"));
    let _client = UnixStream::connect(&first).unwrap();
    activate.end().code(2).says(&format!("fd:4 ({second}) was passed to this process"));
}

#[test]
fn all_activated_sockets_are_served() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let names = ["first.sock", "second.sock"].map(|name| scene.path(name).display().to_string());
    let [first, second] = &names;
    let lsock = env!("CARGO_BIN_EXE_lsock");
    for listen in ["fd:*", "fd:app"] {
        let activate = scene.command("systemd-socket-activate").args(["-l", first, "-l", second]);
        let activate = activate.args(["--fdname=app", lsock, "relay", "-v", listen, &target]);
        let activate = activate.start();
        activate.wait_for_message(&format!("Listening on {second}"));
        scene.wire("./second.sock").expect_echo("hi");
        activate.wait_for_message(&format!("listening on {listen} ({first} and {second})"));
        for name in ["./first.sock", "./second.sock"] {
            scene.wire(name).expect_echo(data(100_000));
        }
        activate.terminate();
        names.iter().for_each(|name| fs::remove_file(name).unwrap());
    }
}

/// With `--accept` each connection gets a process of its own.
#[test]
fn an_activated_connection_is_served_as_stdin_and_stdout() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let path = scene.path("a.sock");
    let activate = |args: &[&str]| {
        let activate =
            scene.command("systemd-socket-activate").args(["-l", path.to_str().unwrap()]);
        let activate = activate.args(args).arg(env!("CARGO_BIN_EXE_lsock"));
        let activate = activate.args(["relay", "-", &target]).start();
        activate.wait_for_message("Listening on ");
        activate
    };
    let server = activate(&["--accept", "--inetd"]);
    scene.wire("./a.sock").expect_echo(data(100_000));
    server.terminate();
    fs::remove_file(&path).unwrap();
    let server = activate(&["--accept"]);
    let mut client = UnixStream::connect(&path).unwrap();
    server.wait_for_message("fd:3 is a connection");
    server.wait_for_message("--inetd");
    // The end of file, or a reset.
    assert!(!client.read(&mut [0]).is_ok_and(|count| count > 0));
    server.terminate();
}
