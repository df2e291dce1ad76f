//! `--hangup`: a command gets SIGHUP when its client has closed, and SIGKILL after `--grace`.

use crate::harness::{Running, Scene};

/// Says that it got SIGHUP, and neither reads nor writes.
const WAITS: &str = r#"trap 'echo "hung up" >&2; exit 3' HUP
    echo ready
    while :; do sleep 0.1; done"#;

/// Ignores SIGHUP.
const IGNORES: &str = r#"trap '' HUP; echo ready; exec sleep 600"#;

fn server(scene: &Scene, args: &[&str], script: &str) -> Running {
    let server = scene.listen("./s").arg("--hangup").args(args);
    server.args(["--", "sh", "-c", script]).start_listening()
}

#[test]
fn a_command_whose_client_has_closed_gets_sighup() {
    let scene = Scene::new();
    for sent in ["", "something that is not read\n"] {
        let server = server(&scene, &["-k"], WAITS);
        for number in 1..=2 {
            let mut client = scene.wire("./s");
            client.expect("ready\n");
            client.send(sent);
            drop(client);
            server.wait_for_message(&format!("connection {number}: command ended with 3\n"));
        }
        let outcome = server.terminate();
        assert_eq!(outcome.stderr.matches("hung up\n").count(), 2, "{}", outcome.report());
    }
}

#[test]
fn a_command_of_a_relay_gets_sighup() {
    let scene = Scene::new();
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let relay = scene.lsock(["relay", "-v", listen, "--hangup", "--", "sh", "-c", WAITS]);
        let relay = relay.start_listening();
        let mut client = scene.wire(&relay.listen_name());
        client.expect("ready\n");
        if listen == "./s" {
            drop(client);
        } else {
            // TCP does not tell a close from a half-close.
            client.reset();
        }
        relay.wait_for_message("hung up\n");
    }
}

/// As `nohup` starts it.
#[test]
fn a_command_of_a_server_that_ignores_sighup_gets_it() {
    let scene = Scene::new();
    let ignoring = scene.shell(r#"trap '' HUP; exec "$0" listen -v ./s --hangup -- sleep 600"#);
    let server = ignoring.start_listening();
    drop(scene.wire("./s"));
    server.end().code(129);
}

#[test]
fn the_status_of_the_only_command_is_that_of_the_signal() {
    let scene = Scene::new();
    let server = server(&scene, &[], "echo ready; exec sleep 600");
    scene.wire("./s").expect("ready\n");
    server.end().code(129);
}

#[test]
fn a_command_that_ignores_sighup_is_killed_after_the_grace_time() {
    let scene = Scene::new();
    let server = server(&scene, &["-k", "--grace", "300ms"], IGNORES);
    scene.wire("./s").expect("ready\n");
    let text = "a command was still running 300ms after its client had closed and was killed\n";
    server.wait_for_message(text);
    server.wait_for_message("connection 1: command ended with 137\n");
}

#[test]
fn a_signal_ends_a_command_whose_client_is_there() {
    let scene = Scene::new();
    let server = server(&scene, &["-k", "--grace", "500ms"], WAITS);
    let mut client = scene.wire("./s");
    client.expect("ready\n");
    server.terminate().says("1 connection was still open after 500ms and was closed");
}

#[test]
fn a_client_that_half_closes_gets_its_answer() {
    let scene = Scene::new();
    let server = server(&scene, &["-k"], "sort; echo end");
    let mut client = scene.wire("./s");
    assert_eq!(client.exchange(b"b\na\n"), b"a\nb\nend\n");
    drop(client);
    server.wait_for_message("connection 1: command ended with 0\n");
}

#[test]
fn hangup_goes_with_a_command_and_its_output() {
    let scene = Scene::new();
    scene.expect_wrong_usage(
        &["listen", "./s", "--hangup"],
        &[
            (&[], "CMD"),
            (&["-k", "--merge"], "--merge"),
            (&["--recv-only", "--", "cat"], "--hangup needs the direction to the client"),
        ],
    );
    scene.expect_wrong_usage(
        &["relay", "./s", "--hangup"],
        &[
            (&["./t"], "--hangup goes with a command"),
            (&["-"], "--hangup goes with a command"),
            (&["--send-only", "--", "cat"], "--hangup needs the direction to the client"),
            (&["--pass-fds", "--", "cat"], "--hangup does not"),
        ],
    );
}
