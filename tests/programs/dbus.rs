//! D-Bus, whose programs send descriptors along with their messages.

use super::{evidence, relay_with, wait_for_server};
use crate::harness::{Cmd, Running, Scene, data, has, open_files, wait_until};
use std::fs;

/// A bus for this user alone.
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

fn start_bus(scene: &Scene) -> Running {
    fs::write(scene.path("bus.conf"), CONFIGURATION).unwrap();
    let bus = scene.command("dbus-daemon").args(["--nofork", "--nopidfile", "--nosyslog"]);
    let mut bus = bus.arg("--config-file=bus.conf").start();
    wait_for_server(scene, &mut bus, "bus.sock");
    bus
}

fn relay(scene: &Scene, options: &[&str]) -> Running {
    relay_with(options, scene, "./relayed.sock", "./bus.sock")
}

/// Takes two descriptors from a message: reads what the one brings, writes it to the other.
fn receiver(scene: &Scene, socket: &str) -> (Running, String) {
    let receiver = scene.command("python3").args(["-c", PEER, "receive", socket]).start();
    receiver.stdout.wait_for(|bytes| bytes.ends_with(b"\n"));
    let name = String::from_utf8_lossy(&receiver.stdout.so_far()).trim().to_owned();
    assert!(name.starts_with(':'), "no name of the bus: {name:?}\n{}", evidence(&receiver));
    (receiver, name)
}

/// Sends the ends of two pipes to a name of the bus, its input into the one, and to stdout
/// what the other brings.
fn sender(scene: &Scene, socket: &str, name: &str) -> Cmd {
    scene.command("python3").args(["-c", PEER, "send", socket, name])
}

#[test]
fn names_are_listed() {
    if !has("dbus-daemon") || !has("dbus-send") {
        return;
    }
    let scene = Scene::new();
    let _bus = start_bus(&scene);
    let _relay = relay(&scene, &[]);
    let outcome = scene
        .command("dbus-send")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=./relayed.sock")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
        .args(["/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames"])
        .run()
        .ok();
    let text = String::from_utf8_lossy(&outcome.stdout);
    assert!(text.contains("string \"org.freedesktop.DBus\""), "{}", outcome.report());
}

/// systemd's own client sends its first message together with its authentication.
#[test]
fn names_are_listed_by_systemd() {
    if !has("dbus-daemon") || !has("busctl") {
        return;
    }
    let scene = Scene::new();
    let _bus = start_bus(&scene);
    let _relay = relay(&scene, &[]);
    let address = format!("--address=unix:path={}", scene.path("relayed.sock").display());
    let busctl = scene.command("busctl").args([&address, "--no-pager", "list", "--acquired"]);
    let outcome = busctl.run().ok();
    let text = String::from_utf8_lossy(&outcome.stdout);
    assert!(text.contains("org.freedesktop.DBus "), "{}", outcome.report());
}

/// Sender and receiver are both behind the relay: descriptors pass in both directions, in
/// their order. The sender sees the end of what comes back only if nobody on the way has
/// kept a descriptor.
#[test]
fn descriptors_are_passed_on() {
    if !has("dbus-daemon") || !has("python3") {
        return;
    }
    let scene = Scene::new();
    let _bus = start_bus(&scene);
    let relay = relay(&scene, &["--pass-fds"]);
    let open = open_files(&relay);
    let bytes = data(1_000_000);
    for _ in 0..3 {
        let (receiver, name) = receiver(&scene, "relayed.sock");
        sender(&scene, "relayed.sock", &name).input(bytes.clone()).run().silent().output(&bytes);
        receiver.end().silent();
    }
    wait_until("the relay has no more open files than before", || open_files(&relay) <= open);
    let stderr = String::from_utf8_lossy(&relay.stderr.so_far()).into_owned();
    assert!(!stderr.contains("--pass-fds"), "a warning without cause: {stderr}");
}

#[test]
fn descriptors_of_a_client_are_dropped_with_a_warning() {
    if !has("dbus-daemon") || !has("python3") {
        return;
    }
    let scene = Scene::new();
    let _bus = start_bus(&scene);
    let relay = relay(&scene, &[]);
    let (_receiver, name) = receiver(&scene, "bus.sock");
    // A message that lacks what it announces is no message: the bus ends the connection.
    let outcome = sender(&scene, "relayed.sock", &name).input(data(1_000_000)).run();
    outcome.code(1).says("nobody reads the pipe").says("the bus has closed the connection");
    relay.wait_for_message("--pass-fds");
}

#[test]
fn descriptors_for_a_client_are_dropped_with_a_warning() {
    if !has("dbus-daemon") || !has("python3") {
        return;
    }
    let scene = Scene::new();
    let _bus = start_bus(&scene);
    let relay = relay(&scene, &[]);
    let (receiver, name) = receiver(&scene, "relayed.sock");
    let outcome = sender(&scene, "bus.sock", &name).input(data(1_000_000)).run();
    outcome.code(1).says("nobody reads the pipe").says("an error is the answer");
    receiver.end().code(1).says("0 descriptors are here");
    relay.wait_for_message("--pass-fds");
}
