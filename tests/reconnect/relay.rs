//! `lsock relay - TARGET --reconnect`, in both directions.

use crate::harness::{Cmd, Scene};

fn relay(scene: &Scene, target: &str) -> Cmd {
    scene.lsock(["relay", "-", target, "--reconnect"])
}

#[test]
fn both_directions_go_on_with_the_next_server() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let mut client = relay(&scene, &name).open_input().start();
    for (number, word) in ["one ", "two ", "three "].into_iter().enumerate() {
        let mut wire = host.accept();
        client.send(word);
        wire.expect(word);
        wire.send(word);
        client.wait_for_output(["one ", "one two ", "one two three "][number]);
    }
    let mut last = host.accept();
    client.send("last");
    client.close_input();
    last.expect_rest("last");
    last.send("answer");
    drop(last);
    client.end().silent().output("one two three answer");
}

#[test]
fn the_answer_to_the_end_of_the_input_is_the_end() {
    let scene = Scene::new();
    let (_echo, name) = scene.echo("./s");
    relay(&scene, &name).input("question").run().silent().output("question");
}

#[test]
fn a_server_that_only_half_closes_is_still_sent_to() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let mut client = relay(&scene, &name).open_input().start();
    let mut wire = host.accept();
    wire.send("greeting");
    wire.end();
    client.wait_for_output("greeting");
    client.send("to the first one");
    wire.expect("to the first one");
    drop(wire);
    let mut next = host.accept();
    client.send("to the next one");
    next.expect("to the next one");
    client.close_input();
    next.expect_rest("");
    drop(next);
    client.end().silent().output("greeting");
}

#[test]
fn with_eof_close_the_end_of_file_of_the_server_is_its_end() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let mut client = relay(&scene, &name).args(["--eof", "close"]).open_input().start();
    let first = host.accept();
    first.end();
    let mut next = host.accept();
    client.send("to the next one");
    next.expect("to the next one");
    client.close_input();
    next.expect_rest("");
    client.end().silent();
}

#[test]
fn the_end_of_the_input_is_the_end_without_a_server() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let mut client = relay(&scene, &name).arg("-v").open_input().start();
    drop((host.accept(), host));
    client.wait_for_message("connection 1: the target has ended: connecting again");
    client.close_input();
    client.end().ok();
}
