//! A traced command does not get the connection itself.

use super::{Events, JSON};
use crate::harness::Scene;

#[test]
fn the_command_of_a_server_is_the_server() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(JSON).arg("t").args(["--", "tr", "a-z", "A-Z"]);
    let server = server.start_listening();
    scene.connect("./s").input("hello").run().ok().output("HELLO");
    server.end().ok();
    let events = Events::read(&scene.path("t"));
    events.expect(1, b"hello", b"HELLO");
    assert_eq!(events.0[0]["target"], "the command `tr a-z A-Z`");
}

#[test]
fn the_command_of_a_client_is_the_client() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let script = "echo hello; read answer; echo \"$answer\" >got";
    let client = scene.connect(&target).args(JSON).arg("f").args(["--", "sh", "-c", script]);
    client.run().ok();
    assert_eq!(std::fs::read_to_string(scene.path("got")).unwrap(), "hello\n");
    let events = Events::read(&scene.path("f"));
    assert_eq!(events.bytes(1, "to_server"), b"hello\n");
    assert_eq!(events.bytes(1, "to_client"), b"hello\n");
}

#[test]
fn the_command_of_a_relay_and_the_standard_streams_are_traced() {
    let scene = Scene::new();
    let args = ["--once", "--trace=json", "--trace-file", "t"];
    let relay = scene.relay("./s", "exec:cat").args(args).start_listening();
    scene.connect("./s").input("hello").run().ok().output("hello");
    relay.end().ok();
    Events::read(&scene.path("t")).expect(1, b"hello", b"hello");

    let (_echo, target) = scene.echo("./e");
    scene.relay("-", &target).args(args).input("stdin").run().ok().output("stdin");
    Events::read(&scene.path("t")).expect(1, b"stdin", b"stdin");

    let relay = scene.relay("./s", "-").args(args).input("stdin").start_listening();
    scene.connect("./s").input("client").run().ok().output("stdin");
    relay.end().ok().output("client");
    Events::read(&scene.path("t")).expect(1, b"client", b"stdin");
}
