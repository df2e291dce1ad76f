//! `listen -k` with stdin and stdout: one client after another.

use crate::harness::{Scene, data, wait_for_bytes};

#[test]
fn clients_are_served_one_after_another() {
    let scene = Scene::new();
    let bytes = data(200_000);
    let server = scene.listen("./s").arg("-k").start_listening();
    for _ in 0..5 {
        scene.connect("./s").input(bytes.clone()).run().silent().output("");
    }
    server.wait_for_output(bytes.repeat(5));
    assert_eq!(scene.files(), ["s"]);
}

#[test]
fn the_next_client_waits_until_the_first_has_ended() {
    let scene = Scene::new();
    let server = scene.listen("./s").arg("-k").open_input().start_listening();
    let mut first = scene.wire("./s");
    first.send("one ");
    server.wait_for_output("one ");
    scene.wire("./s").send("three");
    first.send("two ");
    server.wait_for_output("one two ");
    drop(first);
    server.wait_for_output("one two three");
}

#[test]
fn input_that_is_not_read_yet_is_sent_to_the_next_client() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").arg("-k").open_input().start_listening();
    for round in 1..=5 {
        let mut client = scene.wire("./s");
        client.send("x");
        server.wait_for_output("x".repeat(round));
        drop(client);
        server.wait_for_message(&format!("connection {round} "));
    }
    let mut last = scene.wire("./s");
    server.wait_for_message("connection 6 ");
    server.send("for the last one");
    last.expect("for the last one");
}

#[test]
fn a_client_that_closes_without_reading_is_a_warning() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").arg("-k").open_input().start_listening();
    let client = scene.wire("./s");
    server.wait_for_message("connection 1 ");
    server.send("lost");
    wait_for_bytes(&client, 4);
    drop(client);
    server.wait_for_message("warning: connection 1: ");
    scene.wire("./s").send("next");
    server.wait_for_output("next");
}

#[test]
fn idle_timeout_ends_the_connection_and_the_next_client_is_served() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--idle-timeout", "200ms"]).open_input();
    let server = server.start_listening();
    scene.wire("./s").expect_rest("");
    server.wait_for_message("nothing moved for 200ms");
    let mut next = scene.wire("./s");
    next.send("next");
    server.wait_for_output("next");
}
