//! Real programs and their servers, with a relay between them.

mod curl;
mod dbus;
mod postgresql;
mod redis;
mod ssh_agent;
mod systemd;

use crate::harness::{Cmd, Running, Scene, becomes};
use std::{
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
};

/// A relay between two endpoints, ready for clients.
#[track_caller]
fn relay(scene: &Scene, listen: &str, target: &str) -> Running {
    relay_with(&[], scene, listen, target)
}

#[track_caller]
fn relay_with(options: &[&str], scene: &Scene, listen: &str, target: &str) -> Running {
    scene.lsock(["relay", "-v", listen, target]).args(options).start_listening()
}

/// A relay that clients reach by TCP, and the port that the system has chosen for it.
#[track_caller]
fn relay_by_tcp(scene: &Scene, target: &str) -> (Running, u16) {
    const WHERE: &str = "listening on tcp:127.0.0.1:";
    let relay = relay(scene, "tcp:127.0.0.1:0", target);
    // The line may come in pieces: the port is whole when something follows it.
    let port = |stderr: &[u8]| -> Option<u16> {
        let text = String::from_utf8_lossy(stderr);
        let (_, rest) = text.split_once(WHERE)?;
        let (port, _) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        port.parse().ok()
    };
    relay.stderr.wait_for(|stderr| port(stderr).is_some());
    let port = port(&relay.stderr.so_far());
    let port = port.unwrap_or_else(|| panic!("no port is named\n{}", evidence(&relay)));
    (relay, port)
}

/// Starts a server that cannot choose its port itself, and waits until it is ready.
#[track_caller]
fn on_a_free_port(
    start: impl Fn(u16) -> Cmd,
    is_ready: impl Fn(&Running, u16) -> bool,
) -> (Running, u16) {
    // Somebody else may get the port before the server does.
    for _ in 0..10 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = start(port).start();
        let mut is_running = true;
        let is_ready = becomes(|| {
            is_running = server.is_running();
            !is_running || is_ready(&server, port)
        });
        if is_running {
            assert!(is_ready, "a server is not ready in time\n{}", evidence(&server));
            return (server, port);
        }
        let outcome = server.end();
        eprintln!("again with another port:\n{}", outcome.report());
    }
    panic!("no server has started");
}

/// Waits until a server listens on a socket file in the folder.
#[track_caller]
fn wait_for_server(scene: &Scene, server: &mut Running, name: &str) {
    let is_ready =
        becomes(|| !server.is_running() || UnixStream::connect(scene.path(name)).is_ok());
    assert!(is_ready && server.is_running(), "no server on {name}\n{}", evidence(server));
}

fn takes_tcp(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// What a server that still runs has said.
fn evidence(server: &Running) -> String {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    format!("stdout:\n{}\nstderr:\n{}", text(server.stdout.so_far()), text(server.stderr.so_far()))
}
