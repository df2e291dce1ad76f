//! `--detach`: connections outlive the command.

use super::{expect_back, identity, start_server};
use crate::harness::{Scene, Wire, signal, wait_for_file, wait_until};
use rustix::process::Signal;
use std::fs;

/// Starts a tap whose messages go to a file: it outlives the command.
fn start_detached(scene: &Scene) -> (crate::harness::Running, Wire) {
    fs::write(scene.path("log"), "").unwrap();
    let tap = scene.shell(r#"exec "$0" tap -v --detach ./s >log 2>&1"#).start();
    wait_until("the tap serves", || log(scene).contains("tapping ./s"));
    let mut client = scene.served_wire("./s");
    client.send("one ");
    client.expect("one ");
    (tap, client)
}

fn log(scene: &Scene) -> String {
    fs::read_to_string(scene.path("log")).unwrap()
}

#[test]
fn open_connections_go_on_after_the_command_has_ended() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    for number in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (tap, mut client) = start_detached(&scene);
        signal(&tap, number);
        tap.end().died_of(number);
        assert_eq!(scene.files(), ["log", "s"]);
        client.send("two ");
        client.expect("two ");
        assert!(!log(&scene).contains("in total"), "{}", log(&scene));
        client.expect_echo("three");
        wait_until("the process has ended", || log(&scene).contains("in total: 1 connection"));
        fs::remove_file(scene.path("log")).unwrap();
        expect_back(&scene, before);
    }
}

/// The command is killed: the other process gives the name back.
#[test]
fn a_command_that_is_killed_gives_the_name_back() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    let (tap, mut client) = start_detached(&scene);
    tap.kill();
    wait_until("the server's file is back", || scene.files() == ["log", "s"]);
    client.expect_echo("two ");
    wait_until("the process has ended", || log(&scene).contains("in total: 1 connection"));
    fs::remove_file(scene.path("log")).unwrap();
    expect_back(&scene, before);
}

#[test]
fn the_status_of_a_tap_that_cannot_start_or_ends_by_itself_is_kept() {
    let scene = Scene::new();
    scene.lsock(["tap", "--detach", "./s"]).run().fails(3).says("no such file or directory");
    let server = start_server(&scene);
    let tap = scene.lsock(["tap", "-v", "--detach", "./s"]).start();
    tap.wait_for_message("tapping ./s");
    wait_for_file(&scene.path(super::ASIDE));
    drop(server);
    tap.end().code(1).says("the tap of ./s has ended: its server has ended\n");
}
