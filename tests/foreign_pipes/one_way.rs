//! Servers whose pipe has one direction.

use super::{Habits, joined, serve};
use crate::harness::{Scene, assert_bytes, data, wine_lacks};
use windows_sys::Win32::Storage::FileSystem::{PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND};

const LENGTH: usize = 1_100_003;

/// The habits of the servers: byte-type and message-type pipes, with blocking and overlapped calls.
fn servers() -> impl Iterator<Item = Habits> {
    Habits::all().filter(|habits| !habits.closes_last && !habits.half_closes)
}

#[test]
fn send_only_sends_to_an_inbound_pipe() {
    let scene = Scene::new();
    let bytes = data(LENGTH);
    for habits in servers() {
        let server = serve(scene.word(), habits, PIPE_ACCESS_INBOUND, |end| end.rest());
        let client = scene.connect(scene.word()).arg("--send-only").input(bytes.clone());
        client.run().silent().output("");
        let what = format!("{habits:?}");
        assert_bytes(&joined(server, &what), &bytes, || what);
    }
}

#[test]
fn recv_only_receives_from_an_outbound_pipe() {
    let scene = Scene::new();
    let bytes = data(LENGTH);
    for habits in servers() {
        let sent = bytes.clone();
        let server = serve(scene.word(), habits, PIPE_ACCESS_OUTBOUND, move |end| {
            end.send(&sent);
            end.close(habits);
        });
        let client = scene.connect(scene.word()).arg("--recv-only").open_input().start();
        client.end().silent().output(&bytes);
        joined(server, &format!("{habits:?}"));
    }
}

#[test]
fn relays_send_to_an_inbound_pipe_and_receive_from_an_outbound_pipe() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let bytes = data(LENGTH);
    let habits = Habits::AGENT;
    {
        let server = serve(&behind, habits, PIPE_ACCESS_INBOUND, |end| end.rest());
        let relay = scene.relay(scene.word(), &behind).args(["--send-only", "--once"]);
        let relay = relay.start_listening();
        let mut wire = scene.wire(scene.word());
        wire.send(&bytes);
        drop(wire);
        assert_bytes(&joined(server, "inbound"), &bytes, || relay.report());
        relay.end().ok().does_not_say("warning");
    }
    let sent = bytes.clone();
    let server = serve(&behind, habits, PIPE_ACCESS_OUTBOUND, move |end| end.send(&sent));
    let relay = scene.relay(scene.word(), &behind).args(["--recv-only", "--once"]);
    let relay = relay.start_listening();
    scene.wire(scene.word()).expect_rest(&bytes);
    joined(server, "outbound");
    relay.end().ok().does_not_say("warning");
}

#[test]
fn a_command_sends_to_an_inbound_pipe() {
    let scene = Scene::new();
    let server = serve(scene.word(), Habits::AGENT, PIPE_ACCESS_INBOUND, |end| end.rest());
    let client = scene.connect(scene.word()).args(["--send-only", "--", "cmd", "/c", "echo hello"]);
    client.run().silent();
    assert_eq!(joined(server, "inbound"), b"hello\r\n");
}

/// The failed attempts do not take the only instance of the pipe.
#[test]
fn the_hint_for_a_pipe_of_one_direction_names_the_options() {
    if wine_lacks("an error for a direction that a pipe does not have") {
        return;
    }
    let scene = Scene::new();
    let pipe = format!(r"\\.\pipe\{}", scene.word());
    let behind = scene.other_word();
    for (direction, right, wrong) in [
        (PIPE_ACCESS_INBOUND, "--send-only", "--recv-only"),
        (PIPE_ACCESS_OUTBOUND, "--recv-only", "--send-only"),
    ] {
        let server = serve(scene.word(), Habits::AGENT, direction, drop);
        let outcome = scene.connect(scene.word()).run().fails(3);
        let outcome =
            outcome.says(&format!("cannot connect to {pipe}: access denied: it is a pipe"));
        outcome.says("may not both read and write").says("--send-only or --recv-only");
        let may_not = if right == "--send-only" { "may not read\n" } else { "may not write\n" };
        let outcome = scene.connect(scene.word()).arg(wrong).run().fails(3);
        outcome.says(may_not).says(&format!("takes {right}"));

        let relay = scene.relay(&behind, scene.word()).arg("--once").start_listening();
        assert_eq!(scene.wire(&behind).rest_whatever_happens(), b"");
        relay.end().code(3).says("--send-only or --recv-only");

        scene.connect(scene.word()).arg(right).input("").run().ok();
        joined(server, right);
    }
}
