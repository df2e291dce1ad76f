//! Servers and clients of other programs, with a relay between them.

mod curl;
mod dbus;
mod gpg_agent;
mod postgresql;
mod redis;
mod ssh;
mod ssh_agent;
mod systemd;

use crate::harness::{Cmd, Running, Scene, becomes};
use std::{
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
};

/// Starts a relay and waits until clients can connect.
#[track_caller]
fn relay(scene: &Scene, listen: &str, target: &str) -> Running {
    scene.relay(listen, target).start_listening()
}

/// Starts a relay on a TCP port that the system chooses. Returns the port.
#[track_caller]
fn relay_by_tcp(scene: &Scene, target: &str) -> (Running, u16) {
    let relay = scene.relay("tcp:127.0.0.1:0", target).start();
    let name = relay.listen_name();
    let port = name.rsplit(':').next().and_then(|port| port.parse().ok());
    (relay, port.unwrap_or_else(|| panic!("no port in {name}")))
}

/// Starts a server that needs the number of a free port, and waits until it is ready.
#[track_caller]
fn on_a_free_port(
    start: impl Fn(u16) -> Cmd,
    is_ready: impl Fn(&Running, u16) -> bool,
) -> (Running, u16) {
    // Another process can get the port before the server does.
    for _ in 0..10 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = start(port).start();
        let mut is_running = true;
        let is_ready = becomes(|| {
            is_running = server.is_running();
            !is_running || is_ready(&server, port)
        });
        if is_running {
            assert!(is_ready, "a server is not ready in time");
            return (server, port);
        }
        let outcome = server.end();
        eprintln!("trying another port:\n{}", outcome.report());
    }
    panic!("no server has started");
}

/// Waits until a server listens on a socket file in the folder.
#[track_caller]
fn wait_for_server(scene: &Scene, server: &mut Running, name: &str) {
    let is_ready =
        becomes(|| !server.is_running() || UnixStream::connect(scene.path(name)).is_ok());
    assert!(is_ready && server.is_running(), "no server on {name}");
}

fn takes_tcp(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
