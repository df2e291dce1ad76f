//! The end of a hub: closed outputs and signals.

use super::{BROADCAST, HUB, MERGE};
#[cfg(target_os = "linux")]
use crate::harness::waits_in;
use crate::harness::{Scene, data, has, signal, wait_until};
use rustix::{io::ioctl_fionread, process::Signal};
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
fn clients_that_only_receive_end_with_what_was_queued_at_a_signal() {
    let scene = Scene::new();
    for args in [&BROADCAST[..], &HUB, &MERGE] {
        let server = scene.listen("./s").args(args).args(["--grace", "10m"]).open_input();
        let mut server = server.start_listening();
        let mut receivers = vec![scene.connect("./s").arg("--recv-only").start()];
        if has("socat") {
            receivers.push(scene.command("socat").args(["-u", "UNIX-CONNECT:./s", "-"]).start());
        }
        if has("nc") {
            receivers.push(scene.command("nc").args(["-dU", "./s"]).start());
        }
        // It does not read yet.
        let mut late = scene.wire("./s");
        server.wait_for_message(&format!("connection {} ", receivers.len() + 1));
        let mut bytes = String::new();
        if args != MERGE {
            let has_something = || receivers.iter().all(|it| !it.stdout.so_far().is_empty());
            wait_until("every client gets the broadcast", || {
                server.send("line\n");
                has_something() && ioctl_fionread(&late).unwrap() > 0
            });
            bytes = "more\n".repeat(10_000);
        }
        server.send(&bytes);
        let is_queued =
            receivers[0].stdout.wait_for(|received| received.ends_with(bytes.as_bytes()));
        assert!(is_queued, "the broadcast does not arrive");
        signal(&server, Signal::TERM);
        for receiver in receivers {
            assert!(receiver.end().ok().stdout.ends_with(bytes.as_bytes()));
        }
        assert!(late.rest().ends_with(bytes.as_bytes()));
        drop(late);
        server.end().died_of(Signal::TERM).does_not_say("not sent").output("");
    }
}

/// Also what a client sends after it has received the end of file.
#[test]
fn a_hub_reads_what_clients_send_after_its_end_of_file_at_a_signal() {
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let server = scene.listen("./s").args(args).args(["--grace", "10m"]).open_input();
        let server = server.start_listening();
        let mut client = scene.wire("./s");
        client.send("before\n");
        server.wait_for_output("before\n");
        signal(&server, Signal::TERM);
        client.expect_rest("");
        client.send(data(3_000_000));
        drop(client);
        server.end().died_of(Signal::TERM).output([b"before\n", &*data(3_000_000)].concat());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_that_are_read_from_stdin_after_a_signal_are_counted() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(HUB).args(["--grace", "10m"]).open_input();
    let mut server = server.start_listening();
    let mut client = scene.wire("./s");
    server.wait_for_message("connection 1 ");
    wait_until("the hub reads its input", || waits_in(&server, "input", "pipe_read"));
    signal(&server, Signal::TERM);
    client.expect_rest("");
    server.send("late");
    let input = server.take_input();
    wait_until("the hub has read its input", || ioctl_fionread(&input).unwrap() == 0);
    drop(client);
    let outcome = server.end().died_of(Signal::TERM);
    outcome.says("4 bytes were read from stdin and not sent: the hub ended");
}

#[test]
fn a_hub_says_that_it_waits_for_the_reader_of_stdout() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(MERGE).unread_output().start_listening();
    // More than the pipe takes, and less than it and the queue.
    scene.wire("./s").send(data(90_000));
    server.wait_for_message("connection 1 ");
    signal(&server, Signal::TERM);
    server.wait_for_message("lsock: waiting up to 5s for the reader of stdout; a second signal");
    signal(&server, Signal::TERM);
    server.end().died_of(Signal::TERM);
}

#[test]
fn idle_clients_are_closed_after_the_grace_time() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(HUB).args(["--grace", "200ms"]).open_input();
    let server = server.start_listening();
    let mut client = scene.wire("./s");
    client.send("x\n");
    server.wait_for_output("x\n");
    server.terminate().says("1 connection was still open after ");
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
