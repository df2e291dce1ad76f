//! Servers that end, restart or are replaced while they are tapped.

use super::{ASIDE, expect_back, identity, restart_server, start_server, start_tap};
use crate::harness::{Running, Scene, Serving, signal};
use rustix::process::Signal;
use std::fs;

#[test]
fn a_tap_ends_with_its_server_and_leaves_its_file() {
    let scene = Scene::new();
    let server = start_server(&scene);
    let before = identity(&scene.path("s"));
    let tap = start_tap(&scene, &[]);
    scene.wire("./s").expect_echo("tapped");
    drop(server);
    tap.end().code(1).says("lsock: the tap of ./s has ended: its server has ended\n");
    expect_back(&scene, before);
    scene.connect("./s").run().fails(3).says("nobody listens");
}

/// The server of this program does not remove a file that is not its own.
#[test]
fn a_server_of_lsock_ends_and_starts_again() {
    let scene = Scene::new();
    let listen = || scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    let server = listen();
    let tap = start_tap(&scene, &[]);
    scene.wire("./s").expect_echo("tapped");
    // While it is tapped, the name belongs to a live server.
    scene.lsock(["listen", "./s"]).run().fails(3).says("a live server holds the name");
    server.terminate();
    tap.end().code(1).says("its server has ended");
    let server = listen();
    scene.wire("./s").expect_echo("again");
    server.terminate();
    scene.expect_empty();
}

/// Most servers remove the file by name when they end, or before they start.
#[test]
fn a_tap_leaves_the_file_of_a_server_that_was_restarted() {
    let scene = Scene::new();
    let server = start_server(&scene);
    let tap = start_tap(&scene, &[]);
    drop(server);
    let _restarted = restart_server(&scene);
    let before = identity(&scene.path("s"));
    tap.end().code(1).says("the tap of ./s has ended: ");
    expect_back(&scene, before);
    scene.wire("./s").expect_echo("restarted");
}

#[test]
fn a_name_that_is_removed_stays_removed() {
    let scene = Scene::new();
    let server = start_server(&scene);
    let tap = start_tap(&scene, &[]);
    let mut client = scene.served_wire("./s");
    fs::remove_file(scene.path("s")).unwrap();
    // The connection goes on, and with it the tap.
    client.send("still ");
    client.expect("still ");
    drop(server);
    drop(client);
    tap.end().code(1).says("the tap of ./s has ended: its file was removed\n");
    scene.expect_empty();
}

/// A connection lasts longer than the file, and another server comes meanwhile.
#[test]
fn a_tap_names_the_server_that_came_after_its_file_was_removed() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let tap = start_tap(&scene, &[]);
    let client = scene.served_wire("./s");
    fs::remove_file(scene.path("s")).unwrap();
    tap.wait_for_message("the tap of ./s ends: its file was removed\n");
    let next = scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    drop(client);
    let outcome = tap.end().code(1);
    outcome.says(&format!(
        "lsock: the tap of ./s has ended: its file was removed, and the socket of pid {} (lsock) is \
         there now\n",
        next.pid()
    ));
    scene.wire("./s").expect_echo("next");
}

/// `--replace` takes the name from the tap. The earlier server still listens on its file.
#[test]
fn a_tap_leaves_the_file_of_its_successor_and_of_a_server_that_still_listens() {
    let scene = Scene::new();
    let old = scene.listen("./s").args(["-k", "--", "printf", "old"]).start_listening();
    let before = identity(&scene.path("s"));
    let tap = start_tap(&scene, &[]);
    let new = scene.listen("./s").args(["--replace", "-k", "--", "printf", "new"]);
    let new = new.start_listening();
    let by = format!("has ended: the socket of pid {} (lsock) has taken its place\n", new.pid());
    let outcome = tap.end().code(1).says(&by);
    outcome.says("still listens, but no longer at ./s: its socket file is ./.s.lsock-tap");
    scene.wire("./s").expect_rest("new");
    scene.wire(&format!("./{ASIDE}")).expect_rest("old");
    assert_eq!(identity(&scene.path(ASIDE)), before);
    // Nothing is restored over a live server.
    scene.lsock(["tap", "--restore", "./s"]).run().fails(3);
    scene.wire("./s").expect_rest("new");
    signal(&old, Signal::KILL);
    old.end();
    scene.lsock(["tap", "--restore", "./s"]).run().ok().says("removed ./.s.lsock-tap");
    new.terminate();
    scene.expect_empty();
}

/// Somebody removes the server's file from aside.
#[test]
fn without_the_file_of_the_server_the_name_is_removed() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let tap = start_tap(&scene, &[]);
    fs::remove_file(scene.path(ASIDE)).unwrap();
    // The server is reached by its descriptor.
    if cfg!(target_os = "linux") {
        scene.wire("./s").expect_echo("still");
    }
    tap.terminate().says("was removed from ./.s.lsock-tap: nothing is at ./s");
    scene.expect_empty();
}

/// Starts a tap of `./old/s`.
fn tap_in_folder(scene: &Scene) -> (Running, Serving) {
    fs::create_dir(scene.path("old")).unwrap();
    let server = scene.echo("./old/s").0;
    let tap = scene.lsock(["tap", "-v", "./old/s"]).start();
    tap.wait_for_message("tapping ./old/s");
    (tap, server)
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_is_moved_has_its_server_back() {
    // The tap notices it, or a signal comes first.
    for is_signalled in [false, true] {
        let scene = Scene::new();
        let (tap, _server) = tap_in_folder(&scene);
        let server_file = identity(&scene.path("old/.s.lsock-tap"));
        fs::rename(scene.path("old"), scene.path("new")).unwrap();
        if is_signalled {
            tap.terminate().does_not_say("warning");
        } else {
            tap.end().code(1).says("lsock: the tap of ./old/s has ended: its folder was moved\n");
        }
        assert_eq!(identity(&scene.path("new/s")), server_file);
        assert_eq!(fs::read_dir(scene.path("new")).unwrap().count(), 1);
        scene.wire("./new/s").expect_echo("back");
    }
}

/// As a service manager does with the folder of a service.
#[test]
fn a_folder_that_is_removed_has_nothing_to_be_put_back() {
    let scene = Scene::new();
    let (tap, _server) = tap_in_folder(&scene);
    fs::remove_dir_all(scene.path("old")).unwrap();
    let outcome = tap.end().code(1).does_not_say("warning");
    outcome.says("lsock: the tap of ./old/s has ended: its file was removed\n");
}
