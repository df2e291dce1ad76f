//! `listen -k` with stdin and stdout: one client after another.

use crate::harness::{Scene, data, wait_for_bytes};
use std::io::{Read, Write};

#[test]
fn clients_one_after_another() {
    let scene = Scene::new();
    let bytes = data(200_000);
    let server = scene.listen("./s").arg("-k").start_listening();
    let mut expected = Vec::new();
    for _ in 0..5 {
        scene.connect("./s").input(bytes.clone()).run().silent().output("");
        expected.extend_from_slice(&bytes);
    }
    server.wait_for_output(expected);
    assert_eq!(scene.files(), ["s"]);
}

#[test]
fn the_next_one_waits_for_its_turn() {
    let scene = Scene::new();
    let server = scene.listen("./s").arg("-k").open_input().start_listening();
    let mut first = scene.wire("./s");
    first.send("one ");
    server.wait_for_output("one ");
    let mut second = scene.wire("./s");
    second.send("three");
    drop(second);
    first.send("two ");
    server.wait_for_output("one two ");
    drop(first);
    server.wait_for_output("one two three");
}

/// What nobody has read yet is there for the next client.
#[test]
fn a_client_that_goes_leaves_the_input_to_the_next() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").arg("-k").open_input().start_listening();
    for round in 0..5 {
        let mut client = scene.wire("./s");
        client.send("x");
        server.wait_for_output("x".repeat(round + 1));
        drop(client);
        server.wait_for_message(&format!("connection {} ", round + 1));
    }
    let mut last = scene.wire("./s");
    server.wait_for_message("connection 6 ");
    server.send("for the last one");
    let mut received = [0; 16];
    last.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"for the last one");
}

#[test]
fn an_end_of_input_is_an_end_for_every_client() {
    let scene = Scene::new();
    let server = scene.listen("./s").arg("-k").input("once").start_listening();
    scene.connect("./s").input("a").run().silent().output("once");
    scene.connect("./s").input("b").run().silent().output("");
    scene.connect("./s").input("c").run().silent().output("");
    server.wait_for_output("abc");
}

/// Stdout stays open between clients and for all of them.
#[test]
fn a_client_that_breaks_off_is_a_warning() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").arg("-k").open_input().start_listening();
    let client = scene.wire("./s");
    server.wait_for_message("connection 1 ");
    server.send("lost");
    wait_for_bytes(&client, 4);
    drop(client);
    server.wait_for_message("warning: connection 1: ");
    let mut next = scene.wire("./s");
    next.send("next");
    server.wait_for_output("next");
}

#[test]
fn idle_clients_are_cut_off_and_the_next_is_served() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--idle-timeout", "200ms"]).open_input();
    let server = server.start_listening();
    let mut idle = scene.wire("./s");
    idle.expect_rest("");
    server.wait_for_message("nothing moved for 200ms");
    let mut next = scene.wire("./s");
    next.send("next");
    server.wait_for_output("next");
}
