//! Hosts with several addresses, which a file of hosts in a mount namespace defines.

use crate::harness::{Cmd, Scene, has_mount_namespaces};
use std::{fs, net::TcpListener};

/// A relay from a port of `several.test`, which has these addresses.
fn relay(scene: &Scene, addresses: &[&str], args: &[&str]) -> Cmd {
    let lines: Vec<_> =
        addresses.iter().map(|address| format!("{address} several.test\n")).collect();
    fs::write(scene.path("hosts"), lines.concat()).unwrap();
    let script = r#"mount --bind hosts /etc/hosts && exec "$0" relay -v "$@""#;
    let unshare = scene.command("unshare").args(["--map-root-user", "--mount", "sh", "-c", script]);
    unshare.arg(env!("CARGO_BIN_EXE_lsock")).args(args)
}

/// Returns whether this machine has both addresses, and mount namespaces.
fn is_possible() -> bool {
    let has_both = TcpListener::bind("[::1]:0").is_ok();
    if !has_both {
        eprintln!("left out: this machine has no address ::1");
    }
    has_both && has_mount_namespaces()
}

const BOTH: [&str; 3] = ["127.0.0.1", "::1", "127.0.0.1"];

#[test]
fn each_address_of_the_host_is_listened_on() {
    if !is_possible() {
        return;
    }
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let listen = "tcp:several.test:0";
    let relay = relay(&scene, &BOTH, &[listen, &target, "--max-conns", "1"]).start_listening();
    let name = relay.listen_name();
    let log = relay.log();
    // The system decides on the order.
    let is_logged = |addresses| log.contains(&format!("{name} (TCP port on {addresses})"));
    assert!(is_logged("127.0.0.1 and ::1") || is_logged("::1 and 127.0.0.1"), "{log}");
    let port = name.rsplit(':').next().unwrap();
    let names = ["127.0.0.1", "[::1]"].map(|host| format!("tcp:{host}:{port}"));
    for name in [0, 1, 1, 0].map(|index| &names[index]) {
        scene.wire(name).expect_echo("hi");
    }
    // Both count for one limit.
    let mut first = scene.served_wire(&names[0]);
    let mut second = scene.wire(&names[1]);
    second.send("x");
    relay.does_not_say("connection 6");
    first.end();
    first.expect_rest("");
    second.end();
    second.expect_rest("x");
    relay.terminate().says("in total: 6 connections");
    for host in ["127.0.0.1", "[::1]"] {
        TcpListener::bind(format!("{host}:{port}")).unwrap();
    }
}

#[test]
fn a_port_in_use_at_one_address_is_an_error_that_names_it() {
    if !is_possible() {
        return;
    }
    let scene = Scene::new();
    // The port is free at the other address.
    let taken = (0..100).find_map(|_| {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        TcpListener::bind(("::1", free.local_addr().unwrap().port())).ok()
    });
    let taken = taken.unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = format!("tcp:several.test:{port}");
    let text = format!("cannot listen on {listen}: [::1]:{port}: address already in use");
    relay(&scene, &BOTH, &[&listen, "./t"]).run().fails(3).says(&text).does_not_say("listening");
}

#[test]
fn an_address_that_the_machine_lacks_is_left_out() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    // An address for documentation (RFC 5737).
    let addresses = ["192.0.2.1", "127.0.0.1"];
    let args = ["tcp:several.test:0", &target];
    relay(&scene, &addresses, &args).run().fails(2).says("--expose");
    let args = [&args[..], &["--expose", "-vv"]].concat();
    let relay = relay(&scene, &addresses, &args).start_listening();
    relay.wait_for_message("does not have the address");
    let port = relay.listen_name().rsplit(':').next().unwrap().to_owned();
    scene.wire(&format!("tcp:127.0.0.1:{port}")).expect_echo("hi");
}
