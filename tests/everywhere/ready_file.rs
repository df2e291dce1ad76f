//! `--ready-file`: a file with the endpoint, which exists while clients can connect.

use super::{LSOCK, echo_each};
use crate::harness::{Running, Scene, wait_until};
use std::fs;

/// Waits for the file. Its first content must be complete.
#[track_caller]
fn wait_for_endpoint(scene: &Scene) -> String {
    let mut text = None;
    wait_until("the ready file exists", || {
        text = fs::read_to_string(scene.path("ready")).ok();
        text.is_some()
    });
    let text = text.unwrap();
    text.strip_suffix('\n').unwrap_or_else(|| panic!("incomplete: {text:?}")).to_owned()
}

fn start(scene: &Scene, args: &[&str]) -> Running {
    let (command, args) = args.split_first().unwrap();
    let server = scene.lsock([command, "--ready-file", "ready"]).args(args);
    server.input("there").start()
}

#[test]
fn the_ready_file_names_the_endpoint_and_is_removed_with_it() {
    let scene = Scene::new();
    let word = scene.word();
    for args in [
        &["listen", word][..],
        &["listen", word, "--", LSOCK, "--version"],
        &["relay", word, "tcp:127.0.0.1:9", "--once"],
    ] {
        let server = start(&scene, args);
        let endpoint = wait_for_endpoint(&scene);
        assert!(endpoint.ends_with(word), "{endpoint}");
        // Clients can connect at once.
        let client = scene.connect(&endpoint).run();
        assert_eq!(client.status.code(), Some(0), "{}", client.report());
        server.end();
        scene.expect_empty();
    }
}

#[test]
fn the_ready_file_of_a_tcp_port_has_the_port_that_was_chosen() {
    let scene = Scene::new();
    let target = scene.other_word();
    let serving = echo_each(&scene, &target, 1);
    let _relay = start(&scene, &["relay", "tcp:127.0.0.1:0", &target]);
    let endpoint = wait_for_endpoint(&scene);
    assert!(!endpoint.ends_with(":0"), "{endpoint}");
    let mut wire = scene.wire(&endpoint);
    wire.exchange(b"hi");
    serving.join().unwrap();
}

#[test]
fn the_ready_file_is_removed_when_no_other_client_is_served() {
    let scene = Scene::new();
    let target = scene.other_word();
    let (host, _) = scene.host(&target);
    for args in [&["listen", scene.word()][..], &["relay", scene.word(), &target, "--once"]] {
        let server = scene.lsock(args).args(["--ready-file", "ready"]).open_input().start();
        wait_for_endpoint(&scene);
        let mut client = scene.connect(scene.word()).open_input().start();
        client.send("x");
        wait_until("the ready file is removed", || scene.files().is_empty());
        drop((client, server));
    }
    drop(host);
}

#[test]
fn the_file_of_an_earlier_run_is_replaced() {
    let scene = Scene::new();
    for earlier in ["", "an earlier endpoint, which is longer than the new one is\n"] {
        fs::write(scene.path("ready"), earlier).unwrap();
        let server = scene.listen(scene.word()).args(["--ready-file", "ready"]).start_listening();
        assert_ne!(wait_for_endpoint(&scene), earlier.trim_end());
        scene.connect(scene.word()).run().silent();
        server.end().ok();
        scene.expect_empty();
    }
}

#[test]
fn a_server_that_cannot_listen_leaves_the_file_of_the_one_that_does() {
    let scene = Scene::new();
    for command in [&["listen"][..], &["listen", "-k"], &["relay"]] {
        let (mut args, target) = (command.to_vec(), scene.other_word());
        args.push(scene.word());
        if command == ["relay"] {
            args.push(&target);
        }
        let args = [&args[..], &["--ready-file", "ready"]].concat();
        let server = scene.lsock(&args).start();
        let endpoint = wait_for_endpoint(&scene);
        scene.lsock(&args).run().fails(3);
        assert_eq!(wait_for_endpoint(&scene), endpoint);
        assert_eq!(scene.files(), ["ready"]);
        server.kill();
        fs::remove_file(scene.path("ready")).unwrap();
    }
}

#[test]
fn a_ready_file_of_another_server_is_not_removed() {
    let scene = Scene::new();
    let server = start(&scene, &["listen", scene.word()]);
    wait_for_endpoint(&scene);
    fs::write(scene.path("new"), "another\n").unwrap();
    // Windows refuses it while the file is open, as during its renaming.
    wait_until("the ready file is replaced", || {
        fs::rename(scene.path("new"), scene.path("ready")).is_ok()
    });
    scene.connect(scene.word()).run().silent();
    server.end().ok();
    assert_eq!(wait_for_endpoint(&scene), "another");
}

#[test]
fn a_ready_file_that_cannot_be_written_is_wrong_usage() {
    let scene = Scene::new();
    fs::create_dir(scene.path("folder")).unwrap();
    for (file, why) in
        [("folder", "folder"), ("folder/", "folder"), (".", "folder"), ("none/ready", "none/ready")]
    {
        for command in [&["listen", scene.word()][..], &["relay", scene.word(), "x"]] {
            let outcome = scene.lsock(command).args(["--ready-file", file]).run().fails(2);
            outcome.says("--ready-file").says(why).says("hint: ").output("");
        }
    }
    scene.lsock(["listen", scene.word(), "--ready-file="]).run().fails(2).says("--ready-file");
    assert_eq!(scene.files(), ["folder"]);
    // Nobody has listened.
    scene.connect(scene.word()).run().fails(3);
}

#[test]
fn the_ready_file_is_explained() {
    let scene = Scene::new();
    for command in [&["listen", scene.word()][..], &["relay", scene.word(), "x"]] {
        let command = scene.lsock(command).args(["--ready-file", "ready", "--explain"]);
        command.run().silent().prints("when ready   create ready\n");
        scene.expect_empty();
    }
}
