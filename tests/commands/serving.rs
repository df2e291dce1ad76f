//! What a command serves, and when its connection ends.

use super::MODES;
use crate::harness::{Scene, data, wait_until};
use std::{fs, io::Write};

#[test]
fn a_command_serves_the_only_client() {
    let scene = Scene::new();
    let bytes = data(3_000_001);
    for mode in MODES {
        let server = scene.listen("./s").args(mode).args(["--", "cat"]).start_listening();
        scene.connect("./s").input(bytes.clone()).run().silent().output(&bytes);
        server.end().ok().output("");
        scene.expect_empty();
    }
}

#[test]
fn a_command_is_the_client() {
    let scene = Scene::new();
    for mode in MODES {
        let server = scene.listen("./s").input("one\ntwo\n").start_listening();
        let script = "read line; echo got $line; cat";
        scene.connect("./s").args(mode).args(["--", "sh", "-c", script]).run().silent().output("");
        server.end().ok().output("got one\ntwo\n");
    }
}

#[test]
fn two_commands_talk_to_each_other() {
    let scene = Scene::new();
    let script = "read x; echo \"<$x>\"; cat >out";
    let server = scene.listen("./s").args(["--", "sh", "-c", script]).start_listening();
    let script = "echo a; read x; echo \"$x\" >in; echo b";
    scene.connect("./s").args(["--", "sh", "-c", script]).run().silent();
    server.end().ok();
    assert_eq!(fs::read_to_string(scene.path("in")).unwrap(), "<a>\n");
    assert_eq!(fs::read_to_string(scene.path("out")).unwrap(), "b\n");
}

#[test]
fn with_k_all_clients_are_served_at_once() {
    let scene = Scene::new();
    for mode in MODES {
        let server = scene.listen("./s").arg("-k").args(mode).args(["--", "cat"]).start_listening();
        let mut clients: Vec<_> = (0..10).map(|_| scene.wire("./s")).collect();
        for (client, byte) in clients.iter_mut().rev().zip(0..) {
            client.send([byte]);
            client.expect([byte]);
        }
        drop(clients);
        for number in 1..=10 {
            server.wait_for_message(&format!("connection {number}: command ended with 0"));
        }
    }
}

#[test]
fn the_connection_ends_with_the_command() {
    let scene = Scene::new();
    for mode in MODES {
        let server = scene.listen("./s").args(mode).args(["--", "echo", "bye"]).start_listening();
        let client = scene.connect("./s").open_input().start();
        client.end().silent().output("bye\n");
        server.end().ok();
    }
}

#[test]
fn a_command_that_does_not_read_is_no_failure() {
    let scene = Scene::new();
    for mode in MODES {
        let server = scene.listen("./s").args(mode).args(["--", "true"]).start_listening();
        let mut client = scene.wire("./s");
        while client.write_all(&[0; 10_000]).is_ok() {}
        drop(client);
        server.end().ok();
    }
}

#[test]
fn eof_close_applies_to_commands() {
    let scene = Scene::new();
    let server = scene.listen("./s").open_input().start_listening();
    scene.connect("./s").args(["--eof", "close", "--", "echo", "bye"]).run().silent();
    server.end().ok().output("bye\n");
}

/// lsock waits for the command, not for processes that it leaves behind.
#[test]
fn a_background_process_of_the_command_keeps_the_connection() {
    let scene = Scene::new();
    // A shell replaces the input of its background processes by /dev/null.
    let script = "exec 3<&0; (read x <&3; echo got $x) & exit 3";
    let server = scene.listen("./s").args(["--", "sh", "-c", script]).start_listening();
    let mut client = scene.wire("./s");
    scene.wait_for_removal();
    client.send("late\n");
    client.expect_rest("got late\n");
    server.end().code(3);
}

/// The command sends and receives, as stdin and stdout do without one.
#[test]
fn one_direction_is_seen_from_the_command() {
    let command = ["--", "sh", "-c", "cat > got; echo from the command"];
    for (option, sent, got) in
        [("--send-only", "from the command\n", ""), ("--recv-only", "", "from the peer\n")]
    {
        for args in
            [&["listen", "-v", "./s"][..], &["listen", "-v", "-k", "./s"], &["connect", "./s"]]
        {
            let scene = Scene::new();
            let lsock = || scene.lsock(args).arg(option).args(command);
            let (process, mut peer) = if args[0] == "connect" {
                let (host, _) = scene.host("./s");
                let process = lsock().start();
                (process, host.accept())
            } else {
                let process = lsock().start_listening();
                (process, scene.wire("./s"))
            };
            if option == "--recv-only" {
                peer.send("from the peer\n");
                peer.end();
            }
            peer.expect_rest(sent);
            wait_until("the command has written the file", || {
                fs::read_to_string(scene.path("got")).is_ok_and(|text| text == got)
            });
            drop(process);
        }
    }
}
