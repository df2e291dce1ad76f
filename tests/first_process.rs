//! lsock as process 1 of a PID namespace. The kernel has no default actions of signals for it,
//! so it ends with the status that a shell shows for the signal.

use crate::harness::{Cmd, Running, Scene, has_pid_namespaces, wait_for_file};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

const ALL: [Signal; 4] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];

/// lsock as process 1. It is killed with its parent.
fn first<'a>(scene: &Scene, args: impl IntoIterator<Item = &'a str>) -> Cmd {
    let unshare = ["--pid", "--fork", "--mount-proc", "--kill-child", "--"];
    scene.command("unshare").args(unshare).arg(env!("CARGO_BIN_EXE_lsock")).args(args)
}

/// Sends a signal to process 1, which has another number outside of the namespace.
#[track_caller]
fn signal_first(running: &Running, signal: Signal) {
    let parent = running.pid();
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let child = children.trim().parse().unwrap_or_else(|_| panic!("one child: {children:?}"));
    kill_process(Pid::from_raw(child).unwrap(), signal).unwrap();
}

#[test]
fn a_server_removes_its_name_and_ends_with_the_status_of_the_signal() {
    if !has_pid_namespaces() {
        return;
    }
    let scene = Scene::new();
    let cases: [&[&str]; 7] = [
        &["listen", "-v", "./s"],
        &["listen", "-v", "./s", "-k"],
        &["listen", "-v", "./s", "--", "cat"],
        &["listen", "-v", "./s", "-k", "--", "cat"],
        &["listen", "-v", "./s", "-k", "--merge", "--broadcast"],
        &["relay", "-v", "./s", "./target"],
        &["bench", "throughput", "--at", "./s"],
    ];
    for (args, number) in cases.into_iter().zip(ALL.iter().cycle()) {
        let server = first(&scene, args.iter().copied()).open_input().start();
        wait_for_file(&scene.path("s"));
        signal_first(&server, *number);
        server.end().code(128 + number.as_raw()).output("");
        scene.expect_empty();
    }
}

#[test]
fn open_connections_get_the_grace_time() {
    if !has_pid_namespaces() {
        return;
    }
    let scene = Scene::new();
    let args = ["listen", "-v", "./s", "-k", "--grace", "10m"];
    for more in [&[][..], &["--merge"], &["--", "cat"]] {
        let server = first(&scene, args).args(more).open_input().start_listening();
        let mut client = scene.wire("./s");
        let mut exchange = |text: &str, output: &str| {
            client.send(text);
            if more.contains(&"cat") {
                client.expect(text);
            } else {
                server.wait_for_output(output);
            }
        };
        exchange("before\n", "before\n");
        signal_first(&server, Signal::TERM);
        scene.wait_for_removal();
        exchange("after\n", "before\nafter\n");
        drop(client);
        server.end().code(143);
    }
}

#[test]
fn a_second_signal_ends_a_server_at_once() {
    if !has_pid_namespaces() {
        return;
    }
    let scene = Scene::new();
    for more in [&[][..], &["--merge"]] {
        let args = ["listen", "-v", "./s", "-k", "--grace", "10m"];
        let server = first(&scene, args).args(more).open_input().start_listening();
        let _client = scene.wire("./s");
        server.wait_for_message("connection 1 ");
        signal_first(&server, Signal::TERM);
        scene.wait_for_removal();
        signal_first(&server, Signal::INT);
        server.end().code(130);
    }
}

#[test]
fn a_client_ends_with_the_status_of_the_signal() {
    if !has_pid_namespaces() {
        return;
    }
    let scene = Scene::new();
    let cases: [&[&str]; 4] =
        [&[], &["--copy", "buffer"], &["--", "cat"], &["--idle-timeout", "10m", "--", "cat"]];
    let (host, _) = scene.host("./s");
    for args in cases {
        for number in ALL {
            let client = first(&scene, ["connect", "-v", "./s"]).args(args).open_input().start();
            let mut wire = host.accept();
            client.wait_for_message("connected to");
            signal_first(&client, number);
            client.end().code(128 + number.as_raw());
            assert_eq!(wire.rest_whatever_happens(), b"");
        }
    }
}

/// With an option lsock stays the parent of the command, without one it becomes the command.
#[test]
fn the_command_of_a_client_gets_the_signal() {
    if !has_pid_namespaces() {
        return;
    }
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    for more in [&[][..], &["--idle-timeout", "10m"]] {
        let script = "trap 'echo trapped; exit 7' TERM; echo ready; while :; do sleep 0.01; done";
        let client = first(&scene, ["connect", "./s"]).args(more).args(["--", "sh", "-c", script]);
        let client = client.start();
        let mut wire = host.accept();
        wire.expect("ready\n");
        signal_first(&client, Signal::TERM);
        wire.expect_rest("trapped\n");
        client.end().code(7);
    }
}

#[test]
fn a_client_that_waits_for_a_server_ends_with_the_status_of_the_signal() {
    if !has_pid_namespaces() {
        return;
    }
    let scene = Scene::new();
    let client = first(&scene, ["connect", "-vv", "--wait=10m", "./s"]).open_input().start();
    client.wait_for_message("trying again");
    signal_first(&client, Signal::TERM);
    client.end().code(143);
}
