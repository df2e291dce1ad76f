//! What moves through a tap.

use super::{ASIDE, start_server, start_tap};
use crate::harness::{Scene, data, wait_until};
use std::{fs, os::unix::fs::MetadataExt as _};

#[test]
fn large_dialogues_half_closes_and_early_closes_pass() {
    let scene = Scene::new();
    let server = start_server(&scene);
    let tap = start_tap(&scene, &["--trace-file", "trace"]);
    scene.wire("./s").expect_echo(data(1_000_000));
    tap.terminate();
    drop(server);
    fs::remove_file(scene.path("s")).unwrap();
    // The server closes without reading everything.
    let (host, _) = scene.host("./s");
    let tap = start_tap(&scene, &["--trace-file", "trace"]);
    let mut client = scene.wire("./s");
    let server = host.accept();
    client.send("unread");
    server.wait_for_bytes(6);
    drop(server);
    assert_eq!(client.rest_whatever_happens(), b"");
    tap.wait_for_message("could be delivered to the target");
    tap.terminate();
}

#[test]
fn the_trace_is_on_by_default_and_off_with_q() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let server = fs::metadata(scene.path("s")).unwrap().ino();
    for (args, is_traced) in [(&[][..], true), (&["-q"], false), (&["--trace=hex"], true)] {
        let tap = scene.lsock(["tap", "./s"]).args(args).start();
        // The file is there before, while the tap starts.
        let is_server = |file: fs::Metadata| file.ino() == server;
        wait_until("the tap serves", || fs::metadata(scene.path(ASIDE)).is_ok_and(is_server));
        scene.wire("./s").expect_echo("hello tap");
        let outcome = tap.terminate();
        let has_text = outcome.stderr.contains("hello tap");
        assert_eq!(has_text, is_traced, "{}", outcome.report());
    }
}

#[test]
fn a_trace_file_is_written_instead() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let tap = start_tap(&scene, &["--trace=json", "--trace-file", "trace"]);
    scene.wire("./s").expect_echo("hello tap");
    tap.terminate().does_not_say("hello tap");
    let trace = fs::read_to_string(scene.path("trace")).unwrap();
    assert!(trace.lines().count() > 3 && trace.contains("hello tap"), "{trace}");
}

/// A recording is in place of the trace.
#[test]
fn what_moves_can_be_recorded() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let tap = start_tap(&scene, &["--record", "recording.pcapng"]);
    scene.wire("./s").expect_echo("hello tap");
    tap.terminate().does_not_say("hello tap");
    let recording = fs::read(scene.path("recording.pcapng")).unwrap();
    let count = recording.windows(9).filter(|bytes| bytes == b"hello tap").count();
    assert_eq!(count, 2);
}

#[test]
fn explain_says_what_would_be_done() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let outcome = scene.lsock(["tap", "./s", "--explain"]).run().silent();
    outcome.prints_all(&[
        "tap          ./s (socket file)\n",
        "move aside   to ./.s.lsock-tap\n",
        "trace        text, to stderr\n",
        "descriptors  passed on\n",
    ]);
    assert_eq!(scene.files(), ["s"]);
}
