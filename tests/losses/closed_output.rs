//! Standard streams that are closed when lsock starts.

use crate::harness::{Cmd, Scene, wait_for_file};

/// lsock without standard output.
fn without_stdout(scene: &Scene, command: &str) -> Cmd {
    scene.shell(&format!(r#"exec "$0" {command} >&-"#))
}

/// A closed input is at its end.
#[test]
fn closed_standard_streams_fail_only_if_received_bytes_are_lost() {
    let scene = Scene::new();
    let _server = scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    for (closed, status) in
        [("<&-", 0), (">&-", 5), ("<&- >&-", 0), ("<&- >&- 2>&-", 0), (">&- 2>&-", 5)]
    {
        let script = format!(r#"exec "$0" connect ./s {closed}"#);
        scene.shell(&script).input("hi").run().code(status);
    }
}

#[test]
fn received_bytes_for_a_closed_output_are_reported_as_lost() {
    // The command, and the name that it listens on.
    let commands = [
        ("connect ./echo", None),
        ("connect ./echo --copy buffer", None),
        ("listen ./s", Some("./s")),
        ("listen ./s -k", Some("./s")),
        ("listen ./s -k --merge", Some("./s")),
        ("relay ./s -", Some("./s")),
        ("relay ./s - --once", Some("./s")),
        ("relay - ./echo", None),
    ];
    for (command, name) in commands {
        let scene = Scene::new();
        let _echo = scene.listen("./echo").args(["-k", "--", "cat"]).start_listening();
        let lsock = without_stdout(&scene, command);
        let running = match name {
            Some(name) => {
                let running = lsock.open_input().start();
                scene.wire(name).send("hi\n");
                running
            }
            None => lsock.input("hi\n").start(),
        };
        let outcome = running.end().code(5).says("standard output is closed");
        outcome.says("3 bytes could not be delivered");
    }
}

#[test]
fn a_closed_output_is_no_failure_if_nothing_is_received() {
    let scene = Scene::new();
    let _sink = scene.listen("./sink").args(["-k", "--", "sh", "-c", "cat >&2"]).start_listening();
    without_stdout(&scene, "connect ./sink").input("hi").run().silent();
    without_stdout(&scene, "relay - ./sink").input("hi").run().silent();
    let server = without_stdout(&scene, "listen ./s").input("hi").start();
    wait_for_file(&scene.path("s"));
    scene.connect("./s").run().silent().output("hi");
    server.end().silent();
}

#[test]
fn requested_text_for_a_closed_output_is_status_1() {
    let scene = Scene::new();
    let commands = ["--help", "--version", "completions bash", "listen ./s --explain", "bench"];
    for command in commands {
        let outcome = without_stdout(&scene, command).run().fails(1);
        outcome.says("cannot write to standard output: standard output is closed");
    }
    scene.expect_empty();
}
