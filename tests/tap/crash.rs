//! Taps that are killed.

use super::{ASIDE, expect_back, identity, restart_server, start_server, start_tap};
use crate::harness::{Scene, signal};
use rustix::process::Signal;
use std::{thread, time::Duration};

#[test]
fn after_a_crash_restore_or_the_next_tap_puts_the_file_back() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    start_tap(&scene, &[]).kill();
    assert_eq!(scene.files(), [ASIDE, "s"]);
    let refused = scene.connect("./s").run().fails(3);
    let refused = refused.says(
        "cannot connect to ./s: connection refused: a tap was killed, and the socket file of the \
         server is ./.s.lsock-tap now\n",
    );
    refused.says("hint: `lsock tap --restore ./s` puts it back");
    let explained = scene.lsock(["tap", "./s", "--explain"]).run().silent();
    explained.prints("left behind  the socket file of the server, by a tap that was killed\n");
    let explained = scene.lsock(["tap", "--restore", "./s", "--explain"]).run().silent();
    explained.output(
        "restore      ./s (socket file)\n\
         left behind  the socket file of the server, by a tap that was killed\n",
    );
    assert_eq!(scene.files(), [ASIDE, "s"]);
    let restored = scene.lsock(["tap", "--restore", "./s"]).run().ok();
    restored.says("put back the socket file that an earlier tap had left at ./.s.lsock-tap");
    expect_back(&scene, before);
    scene.wire("./s").expect_echo("restored");
    scene.lsock(["tap", "--restore", "./s"]).run().ok().says("no tap has left anything behind");

    start_tap(&scene, &[]).kill();
    let tap = start_tap(&scene, &[]);
    scene.wire("./s").expect_echo("tapped again");
    tap.terminate().says("put back the socket file").says("connection 1: 12 bytes");
    expect_back(&scene, before);
    scene.wire("./s").expect_echo("restored");
}

/// At moments of the start, of the service and of the end that nobody chooses.
#[test]
fn a_tap_that_is_killed_at_any_moment_leaves_what_can_be_put_back() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    for round in 0..24_u64 {
        let tap = if round % 3 == 2 {
            let tap = start_tap(&scene, &[]);
            signal(&tap, Signal::TERM);
            tap
        } else {
            scene.lsock(["tap", "./s"]).start()
        };
        thread::sleep(Duration::from_micros(round * 700));
        tap.kill();
        scene.lsock(["tap", "--restore", "./s"]).run().ok();
        expect_back(&scene, before);
        scene.wire("./s").expect_echo("restored");
    }
}

#[test]
fn a_server_that_was_restarted_after_a_crash_keeps_its_name() {
    let scene = Scene::new();
    let server = start_server(&scene);
    start_tap(&scene, &[]).kill();
    // The first server ends: its socket is closed.
    drop(server);
    let _restarted = restart_server(&scene);
    let before = identity(&scene.path("s"));
    let restored = scene.lsock(["tap", "--restore", "./s"]).run().ok();
    restored.says("removed ./.s.lsock-tap, a stale file of an earlier tap of ./s");
    expect_back(&scene, before);
    scene.wire("./s").expect_echo("restarted");
}

/// The name was removed after the crash, and its server still runs.
#[test]
fn the_file_comes_back_to_a_free_name() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    start_tap(&scene, &[]).kill();
    std::fs::remove_file(scene.path("s")).unwrap();
    scene.lsock(["tap", "--restore", "./s"]).run().ok().says("put back");
    expect_back(&scene, before);
    scene.wire("./s").expect_echo("restored");
}

/// Only signals without a handler leave clients without a server.
#[test]
fn each_signal_that_ends_a_program_gives_the_name_back() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    for number in [
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
        Signal::HUP,
        Signal::QUIT,
    ] {
        let tap = start_tap(&scene, &[]);
        signal(&tap, number);
        tap.end().died_of(number);
        expect_back(&scene, before);
    }
}
