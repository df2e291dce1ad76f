//! What is refused before anything is opened.

use super::{record, short};
use crate::harness::Scene;
use std::fs;

#[test]
fn what_cannot_be_replayed_is_refused_with_the_reason() {
    let scene = Scene::new();
    fs::write(scene.path("text"), "no recording").unwrap();
    fs::write(scene.path("empty"), "").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    for (file, why) in [
        ("absent", "no such file or directory"),
        ("text", "it is neither a pcapng file nor a pcap file"),
        ("empty", "it is empty"),
        ("folder", "it is not a regular file"),
    ] {
        let text = format!("lsock: cannot replay {file}: {why}");
        let outcome = scene.lsock(["replay", file, scene.word()]).run().fails(2);
        if cfg!(unix) || file != "absent" {
            outcome.says(&text);
        }
    }
}

#[test]
fn a_recording_without_connections_is_refused() {
    let scene = Scene::new();
    record(&scene, &[]);
    let outcome = scene.lsock(["replay", "r", scene.word()]).run().fails(2);
    outcome.says("lsock: cannot replay r: it has no connections\n");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let scene = Scene::new();
    let word = scene.word();
    scene.expect_wrong_usage(
        &["replay"],
        &[
            (&[], "FILE"),
            (&["r"], "NAME"),
            (&["r", word, "--speed", "2", "--fast"], "cannot be used with"),
            (&["r", word, "--speed", "0"], "it takes a number from 0.001 to 1000000"),
            (&["r", word, "--serve", word], "cannot be used with"),
            (&["r", "--serve", word, "--wait"], "cannot be used with"),
            (&["r", word, "--mode", "666"], "cannot be used with"),
            (&["r", word, "--connection", "0"], "it takes a whole number from 1"),
            (&["r", word, "--answer-timeout", "5"], "it takes a number with a unit"),
            (&["-", word], "the recording is read twice, from a file; ./- is a file of that name"),
            (&["r", "--serve", word, "--ready-file", "-"], "--ready-fd notifies through"),
        ],
    );
}

#[test]
fn a_server_that_is_absent_is_an_error_unless_it_is_waited_for() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    scene.lsock(["replay", "r", scene.word()]).run().fails(3).says("cannot connect to ");
    let running = scene.lsock(["replay", "r", scene.word(), "--wait=60s"]).start();
    let (_serving, _) = super::serve_at(&scene, scene.word(), 1, short());
    running.end().silent();
}
