//! The order of bytes and ends through a relay: messages, late answers, half-closes.

use super::basics::echoing_targets;
use crate::harness::{Scene, Wire, data};
use std::{thread, time::Duration};

/// Sends on another thread, so that the caller can read meanwhile.
fn send_in_background(wire: &Wire, bytes: Vec<u8>, ends: bool) -> thread::JoinHandle<()> {
    let mut writer = wire.another();
    thread::spawn(move || {
        writer.send(bytes);
        if ends {
            writer.end();
        }
    })
}

#[test]
fn messages_of_any_size_are_not_held_back() {
    let scene = Scene::new();
    for (target, _serving) in echoing_targets(&scene) {
        let relay = scene.lsock(["relay", "-v", "tcp:127.0.0.1:0"]).args(&target);
        let relay = relay.start_listening();
        let mut client = scene.wire(&relay.listen_name());
        // Small and large in turn: the relay changes its copy mode.
        for size in [1, 10, 70_000, 1, 300_000, 1, 1, 65536, 3] {
            let writes = send_in_background(&client, data(size), false);
            client.expect(data(size));
            writes.join().unwrap();
        }
    }
}

#[test]
fn an_answer_long_after_the_end_of_the_request_is_delivered() {
    let answer_late = |mut wire: Wire| {
        let request = wire.rest();
        // Time is the subject.
        thread::sleep(Duration::from_secs(3));
        wire.send([b"late ", &request[..]].concat());
    };
    let scene = Scene::new();
    let _file = scene.host("./t").0.serve(answer_late);
    let (host, tcp) = scene.host("tcp:127.0.0.1:0");
    let _tcp = host.serve(answer_late);
    let command = "exec:sh -c 'x=$(cat); sleep 3; printf \"late $x\"'";
    let cases = [
        ("./a", "./t", &[][..]),
        ("tcp:127.0.0.1:0", &tcp, &[]),
        ("./b", command, &[]),
        ("./c", command, &["--buffer", "64K"]),
    ];
    let mut relays = cases.map(|(listen, target, args)| {
        let relay = scene.relay(listen, target).args(args).start_listening();
        let client = scene.wire(&relay.listen_name());
        (relay, client)
    });
    let stdio = scene.lsock(["relay", "-", "./t"]).input("request").start();
    let mut to_stdio = scene.relay("./d", "-").arg("--once").open_input().start_listening();
    let mut last = scene.wire("./d");
    for client in relays.iter_mut().map(|(_, client)| client).chain([&mut last]) {
        client.send("request");
        client.end();
    }
    to_stdio.wait_for_end_of_output("request");
    for (_, client) in &mut relays {
        client.expect_rest("late request");
    }
    stdio.end().silent().output("late request");
    to_stdio.send("late request");
    to_stdio.close_input();
    last.expect_rest("late request");
    to_stdio.end().ok();
}

#[test]
fn a_target_that_half_closes_first_still_gets_the_rest() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    target.send("all of it");
    target.end();
    client.expect_rest("all of it");
    let writes = send_in_background(&client, data(3_000_000), true);
    target.expect_rest(data(3_000_000));
    writes.join().unwrap();
    relay.wait_for_message("connection 1: 3000000 bytes to the target, 9 bytes back in");
}

#[test]
fn stdin_and_stdout_serve_one_client_after_another() {
    let scene = Scene::new();
    let mut relay = scene.relay("./s", "-").open_input().start_listening();
    let mut first = scene.wire("./s");
    first.send("one ");
    relay.wait_for_output("one ");
    let mut second = scene.wire("./s");
    second.send("two");
    relay.send("for the first");
    first.expect("for the first");
    first.end();
    drop(first);
    relay.wait_for_output("one two");
    relay.send("for the second");
    second.expect("for the second");
    relay.close_input();
    second.expect_rest("");
}

#[test]
fn the_end_of_the_target_is_the_end_of_stdout() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let mut relay = scene.lsock(["relay", "-", &target]).open_input().start();
    let mut wire = host.accept();
    wire.send("all");
    wire.end();
    relay.wait_for_end_of_output("all");
    relay.send("more");
    relay.close_input();
    wire.expect_rest("more");
    relay.end().silent();
}
