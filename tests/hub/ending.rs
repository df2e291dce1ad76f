//! The end of a hub: closed outputs and signals.

use super::{BROADCAST, HUB, MERGE};
use crate::harness::{Scene, data, signal};
use rustix::process::Signal;
use std::{io::Write, thread};

#[test]
fn a_pipe_to_head_ends_a_hub_silently() {
    let scene = Scene::new();
    for args in ["--merge", "--merge --broadcast"] {
        let script = format!(r#"{{ "$0" listen ./s -k {args}; echo status $? >&2; }} | head -n 1"#);
        let running = scene.shell(&script).open_input().start();
        let mut client = scene.wire("./s");
        let writes = thread::spawn(move || while client.write_all(b"a line\n").is_ok() {});
        let outcome = running.end().ok().output("a line\n");
        assert_eq!(outcome.stderr, "status 0\n");
        writes.join().unwrap();
        scene.expect_empty();
    }
}

#[test]
fn a_signal_removes_the_name_and_ends_an_idle_hub() {
    let scene = Scene::new();
    for args in [&MERGE[..], &BROADCAST, &HUB] {
        scene.listen("./s").args(args).open_input().start_listening().terminate().output("");
        scene.expect_empty();
    }
}

#[test]
fn bytes_that_clients_send_within_the_grace_time_are_written() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(MERGE).args(["--grace", "1m"]).start_listening();
    let mut client = scene.wire("./s");
    client.send("before\n");
    server.wait_for_output("before\n");
    signal(&server, Signal::INT);
    scene.wait_for_removal();
    client.send("after\n");
    client.send(data(500_000));
    drop(client);
    let outcome = server.end().died_of(Signal::INT);
    outcome.output([b"before\nafter\n", &*data(500_000)].concat());
}

#[test]
fn idle_clients_are_closed_after_the_grace_time() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(HUB).args(["--grace", "200ms"]).open_input();
    let server = server.start_listening();
    let mut client = scene.wire("./s");
    client.send("x\n");
    server.wait_for_output("x\n");
    server.terminate().says("within the grace time");
    assert_eq!(client.rest_whatever_happens(), b"");
}

#[test]
fn lines_of_clients_in_the_backlog_are_written_after_a_signal() {
    const COUNT: usize = 8;
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let server = scene.listen("./s").args(args).open_input().start_listening();
        signal(&server, Signal::STOP);
        let sender = scene.connect("./s").args(["-v", "--send-only"]).input("line\n").start();
        sender.wait_for_message("connected to");
        for _ in 0..COUNT {
            scene.wire("./s").send("line\n");
        }
        let mut open = scene.wire("./s");
        open.send("line\n");
        signal(&server, Signal::TERM);
        signal(&server, Signal::CONT);
        server.wait_for_output("line\n".repeat(COUNT + 2));
        sender.end().ok();
        // An open connection is served until it ends.
        open.send("another\n");
        drop(open);
        let outcome = server.end().died_of(Signal::TERM).does_not_say("warning");
        outcome.output("line\n".repeat(COUNT + 2) + "another\n");
        scene.expect_empty();
    }
}
