//! Commands as targets of `relay`, and of `listen -k`.

use super::{LSOCK, echo_each};
use crate::harness::{Scene, data};
use std::thread;

#[test]
fn each_client_gets_a_command() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let command = ["--", LSOCK, "connect", &behind];
    let server = echo_each(&scene, &behind, 6);
    for args in [&["relay"][..], &["listen", "-k"]] {
        let server = scene.lsock(args).args(["-v", scene.word()]).args(command).start_listening();
        thread::scope(|scope| {
            for number in 0..3 {
                let scene = &scene;
                scope.spawn(move || {
                    scene.wire(scene.word()).expect_echo(data(300_000 * number + 7));
                });
            }
        });
        for number in 1..=3 {
            server.wait_for_message(&format!("connection {number}: command ended with 0"));
        }
    }
    server.join().unwrap();
}

#[test]
fn the_status_of_a_command_is_reported_or_with_once_passed_on() {
    let scene = Scene::new();
    let missing = scene.other_word();
    let relay = || scene.lsock(["relay", "-v", scene.word()]);
    let version = scene.lsock(["--version"]).run().silent().stdout;
    let server = relay().args(["--", LSOCK, "--version"]).start_listening();
    for number in 1..=2 {
        scene.wire(scene.word()).expect_rest(&version);
        server.wait_for_message(&format!("connection {number}: command ended with 0"));
    }
    server.kill();
    for (args, status) in [(&["--version"][..], 0), (&["connect", &missing], 3)] {
        let server = relay().args(["--once", "--", LSOCK]).args(args).start_listening();
        scene.wire(scene.word()).rest_whatever_happens();
        server.end().code(status);
    }
    let missing = relay().args(["--once", "--", "no-such-program-anywhere"]);
    missing.run().fails(2).says("no-such-program-anywhere");
}
