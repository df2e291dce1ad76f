//! D-Bus: programs send descriptors along with their messages.

use super::wait_for_server;
use crate::{
    harness::{Cmd, Running, Scene, data, has, open_files, wait_until},
    ls::{row, ss::assert_agreement},
};
use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
};

/// A bus for this user.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=./bus.sock</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

const PEER: &str = include_str!("dbus_peer.py");

/// A bus on ./bus.sock with a relay on ./relayed.sock.
struct Bus {
    relay: Running,
    _daemon: Running,
    scene: Scene,
}

impl Bus {
    /// Returns `None` if the daemon or the client is not installed.
    fn start(client: &str, options: &[&str]) -> Option<Self> {
        if !has("dbus-daemon") || !has(client) {
            return None;
        }
        let scene = Scene::new();
        fs::write(scene.path("bus.conf"), CONFIGURATION).unwrap();
        let daemon = scene.command("dbus-daemon").args(["--nofork", "--nopidfile", "--nosyslog"]);
        let mut daemon = daemon.arg("--config-file=bus.conf").start();
        wait_for_server(&scene, &mut daemon, "bus.sock");
        let relay = scene.relay("./relayed.sock", "./bus.sock").args(options).start_listening();
        Some(Self { relay, _daemon: daemon, scene })
    }
}

/// Starts a program that receives two descriptors, and copies from one to the other. Returns it
/// with its name on the bus.
fn start_receiver(scene: &Scene, socket: &str) -> (Running, String) {
    let receiver = scene.command("python3").args(["-c", PEER, "receive", socket]).start();
    receiver.stdout.wait_for(|bytes| bytes.ends_with(b"\n"));
    let name = String::from_utf8_lossy(&receiver.stdout.so_far()).trim().to_owned();
    assert!(name.starts_with(':'), "no name of the bus: {name:?}");
    (receiver, name)
}

/// A program that sends ends of two pipes to a name of the bus, copies its input into one pipe
/// and the other pipe to its output.
fn sender(scene: &Scene, socket: &str, name: &str) -> Cmd {
    scene.command("python3").args(["-c", PEER, "send", socket, name])
}

#[test]
fn dbus_send_lists_the_names_on_the_bus() {
    let Some(Bus { scene, .. }) = &Bus::start("dbus-send", &[]) else { return };
    scene
        .command("dbus-send")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=./relayed.sock")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
        .args(["/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames"])
        .run()
        .ok()
        .prints("string \"org.freedesktop.DBus\"");
}

/// busctl sends its first message together with its authentication.
#[test]
fn busctl_lists_the_names_on_the_bus() {
    let Some(Bus { scene, .. }) = &Bus::start("busctl", &[]) else { return };
    let address = format!("--address=unix:path={}", scene.path("relayed.sock").display());
    let busctl = scene.command("busctl").args([&address, "--no-pager", "list", "--acquired"]);
    busctl.run().ok().prints("org.freedesktop.DBus ");
}

/// Sender and receiver are both behind the relay. The sender reads the end of file only if no
/// process on the way has kept a descriptor.
#[test]
fn with_pass_fds_descriptors_pass_in_both_directions() {
    let Some(Bus { scene, relay, .. }) = &Bus::start("python3", &["--pass-fds"]) else { return };
    let open = open_files(relay);
    let bytes = data(1_000_000);
    for _ in 0..3 {
        let (receiver, name) = start_receiver(scene, "relayed.sock");
        sender(scene, "relayed.sock", &name).input(bytes.clone()).run().silent().output(&bytes);
        receiver.end().silent();
    }
    wait_until("no descriptor is left", || open_files(relay) <= open);
    relay.does_not_say("--pass-fds");
}

#[test]
fn descriptors_from_a_client_are_closed_with_a_warning() {
    let Some(Bus { scene, relay, .. }) = &Bus::start("python3", &[]) else { return };
    let (_receiver, name) = start_receiver(scene, "bus.sock");
    // The bus ends the connection if a message lacks the announced descriptors.
    let outcome = sender(scene, "relayed.sock", &name).input(data(1_000_000)).run();
    outcome.code(1).says("nobody reads the pipe").says("the bus has closed the connection");
    relay.wait_for_message("--pass-fds");
}

#[test]
fn descriptors_to_a_client_are_closed_with_a_warning() {
    let Some(Bus { scene, relay, .. }) = &Bus::start("python3", &[]) else { return };
    let (receiver, name) = start_receiver(scene, "relayed.sock");
    let outcome = sender(scene, "bus.sock", &name).input(data(1_000_000)).run();
    outcome.code(1).says("nobody reads the pipe").says("an error is the answer");
    receiver.end().code(1).says("0 descriptors are here");
    relay.wait_for_message("--pass-fds");
}

#[test]
fn the_list_of_sockets_agrees_with_ss() {
    if !has("ss") {
        return;
    }
    let Some(Bus { scene, .. }) = &Bus::start("dbus-send", &[]) else { return };
    let mut client = UnixStream::connect(scene.path("bus.sock")).unwrap();
    // The answer shows that the bus has accepted the connection.
    client.write_all(b"\0AUTH\r\n").unwrap();
    client.read_exact(&mut [0; b"REJECTED".len()]).unwrap();
    let found = row(scene, &["./bus.sock"]);
    assert_eq!(found["server"]["processes"][0]["command"], "dbus-daemon");
    assert!(assert_agreement(scene, "bus.sock").1 >= 1);
}
