//! `--serve`: the recorded server is played for a client.

use super::{exchange, record, replay, short};
use crate::harness::{Running, Scene, data};

/// Starts `lsock replay r --serve WORD`.
fn start(scene: &Scene, args: &[&str]) -> Running {
    scene.lsock(["replay", "r", "--serve", scene.word(), "-v"]).args(args).start_listening()
}

#[test]
fn the_recorded_client_gets_the_recorded_answers() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    let server = start(&scene, &[]);
    let mut wire = scene.wire(scene.word());
    wire.send("PING\n");
    wire.expect("+PONG\n");
    wire.send("GET a\n");
    wire.expect("$5 hello\n");
    wire.end();
    wire.expect_rest("");
    server.end().ok().says("replayed: 15 bytes sent, 11 bytes received, the same as in r");
}

#[test]
fn another_client_is_shown_what_it_sends_differently() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    let server = start(&scene, &[]);
    let mut wire = scene.wire(scene.word());
    wire.send("PING\n");
    wire.expect("+PONG\n");
    wire.send("GET b\n");
    let word = scene.word();
    let text = format!("{word}: the client sends other bytes than in r from offset 9");
    let shown = "> 00000008 20 61 0a                | a.|      20 62 0a                | b.|\n";
    server.end().code(1).says(&text).prints(shown);
}

#[test]
fn a_client_that_says_nothing_is_given_up() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    let server = start(&scene, &["--answer-timeout", "100ms"]);
    let wire = scene.wire(scene.word());
    server.end().code(4).says("the client has sent 0 of 11 bytes");
    drop(wire);
}

/// A recording is played on both sides of a relay, which records it again.
#[test]
fn what_is_replayed_and_recorded_again_is_the_same() {
    let scene = Scene::new();
    let large = vec![
        exchange(data(3 << 20), data(70_000)),
        exchange([], b"\0\x01\xff\r\n"),
        exchange(&data(200_000)[..131_071], data(1 << 20)),
    ];
    record(&scene, &[large]);
    let server = start(&scene, &[]);
    let relayed = format!("{}-c", scene.word());
    let relay = scene.relay(&relayed, scene.word()).args(["--record", "again"]).start_listening();
    replay(&scene, &relayed).run().silent();
    server.end().ok();
    relay.wait_for_message("connection 1: ");
    drop(relay);
    // The bytes of both ends of one recording are those of the other one.
    for [client, server] in [["r", "again"], ["again", "r"]] {
        let args = ["replay", server, "--serve", scene.word(), "-v", "--fast"];
        let running = scene.lsock(args).start_listening();
        scene.lsock(["replay", client, scene.word(), "--fast"]).run().silent();
        running.end().ok();
    }
}

#[cfg(unix)]
#[test]
fn a_signal_while_nobody_connects_removes_the_name() {
    use crate::harness::signal;
    use rustix::process::Signal;
    let scene = Scene::new();
    record(&scene, &[short()]);
    let args = ["replay", "r", "--serve", "./s", "-v", "--ready-file", "ready"];
    let running = scene.lsock(args).start_listening();
    assert_eq!(std::fs::read_to_string(scene.path("ready")).unwrap(), "./s\n");
    signal(&running, Signal::TERM);
    running.end().died_of(Signal::TERM);
    assert_eq!(scene.files(), ["r"]);
}

#[cfg(unix)]
#[test]
fn only_one_client_is_served() {
    use crate::harness::wait_until;
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    record(&scene, &[short()]);
    let args = ["replay", "r", "--serve", "./s", "-v", "--mode", "666"];
    let running = scene.lsock(args).start_listening();
    let mode = std::fs::metadata(scene.path("s")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    let mut wire = scene.wire("./s");
    wire.send("PING\n");
    wire.expect("+PONG\n");
    wait_until("the name is removed", || scene.files() == ["r"]);
    drop(wire);
    running.end().code(1).says("the client has ended after 5 of the 11 bytes");
}
