//! Descriptors that are passed on.

use super::Events;
use crate::{harness::Scene, pass_fds};
use std::fs::File;

#[test]
fn a_command_that_descriptors_are_passed_to_cannot_be_traced() {
    let scene = Scene::new();
    let args: (&[&str], &str) = (&["--trace", "--", "cat"], "--pass-fds with a command");
    scene.expect_wrong_usage(&["relay", "./s", "--pass-fds"], &[args]);
}

#[test]
fn descriptors_are_shown_with_what_they_are() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let args = ["--once", "--pass-fds", "--trace=json", "--trace-file", "t.json"];
    let relay = scene.relay("./s", &target).args(args).start_listening();
    let mut client = scene.wire("./s");
    let server = host.accept();
    std::fs::write(scene.path("passed"), "x").unwrap();
    let file = File::open(scene.path("passed")).unwrap();
    client.send("before ");
    server.wait_for_bytes(7);
    pass_fds::send(&mut client, b"with", &[file.into()]);
    server.wait_for_bytes(11);
    drop((client, server));
    relay.end();
    let events = Events::read(&scene.path("t.json")).0;
    let at = events.iter().position(|event| event["event"] == "descriptors").unwrap();
    let link = events[at]["descriptors"][0]["link"].as_str().unwrap();
    assert!(link.ends_with("/passed"), "{link}");
    // The bytes that they came with follow.
    assert_eq!(events[at + 1]["text"], "with");
    assert_eq!(events[at + 1]["offset"], 7);
}
