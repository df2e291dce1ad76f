//! Servers whose pipe cannot be half-closed.

use super::{Habits, joined, serve_both};
use crate::harness::Scene;

#[test]
fn the_end_of_the_input_is_not_sent_and_is_no_warning() {
    let scene = Scene::new();
    let server =
        serve_both(scene.word(), Habits::AGENT, |end| end.converse(Habits::AGENT, 7, b"answer"));
    let mut client = scene.connect(scene.word()).arg("-vvv").input("request").start();
    client.wait_for_message("the pipe is byte-type and has no half-close");
    client.wait_for_output("answer");
    assert!(client.is_running());
    client.does_not_say("warning");
    client.kill();
    assert_eq!(joined(server, "after the client"), b"request");
}

#[test]
fn eof_close_ends_both_directions_at_the_end_of_the_input() {
    let scene = Scene::new();
    let server =
        serve_both(scene.word(), Habits::AGENT, |end| end.converse(Habits::AGENT, 7, b"answer"));
    let mut client = scene.connect(scene.word()).args(["--eof", "close"]).open_input().start();
    client.send("request");
    client.wait_for_output("answer");
    client.close_input();
    client.end().silent().output("answer");
    assert_eq!(joined(server, "after the client"), b"request");
}
