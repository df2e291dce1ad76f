//! `listen -k --merge` and `--broadcast`: all clients at once with stdin and stdout.

mod broadcast;
mod ending;
mod merge;

use crate::harness::Scene;
#[cfg(target_os = "linux")]
use {
    crate::harness::{open_files, wait_until},
    std::{thread, time::Duration},
};

const MERGE: [&str; 2] = ["-k", "--merge"];
const BROADCAST: [&str; 2] = ["-k", "--broadcast"];
const HUB: [&str; 3] = ["-k", "--merge", "--broadcast"];

/// The number before a text in what a process has said.
#[track_caller]
fn number_before(log: &str, text: &str) -> usize {
    let (before, _) = log.split_once(text).unwrap_or_else(|| panic!("no `{text}` in {log}"));
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap();
    digits.parse().unwrap_or_else(|_| panic!("no number before `{text}` in {log}"))
}

#[test]
fn a_hub_does_both() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").args(HUB).open_input().start_listening();
    let mut clients: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("from {number}\n"));
    }
    let is_all = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() == 5;
    assert!(server.stdout.wait_for(is_all));
    // Who has sent something is served.
    server.send("to all\n");
    for client in &mut clients {
        client.expect("to all\n");
    }
    // The end of stdin tells them, and does not end what they send.
    server.close_input();
    for client in &mut clients {
        client.expect_rest("");
        client.send("still\n");
    }
    let is_all = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() == 10;
    assert!(server.stdout.wait_for(is_all));
    assert!(server.is_running());
    let text = String::from_utf8(server.stdout.so_far()).unwrap();
    assert_eq!(text.matches("still\n").count(), 5, "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn many_clients_one_after_another_leave_nothing() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").args(HUB).open_input().start_listening();
    let visit = || {
        let mut client = scene.wire("./s");
        client.send("hello\n");
    };
    visit();
    server.wait_for_output("hello\n");
    wait_until("it has gone", || {
        let files = open_files(&server);
        thread::sleep(Duration::from_millis(20));
        files == open_files(&server)
    });
    let before = open_files(&server);
    for _ in 0..500 {
        visit();
    }
    server.wait_for_output("hello\n".repeat(501));
    wait_until("no descriptor is left over", || open_files(&server) <= before);
    assert!(server.is_running());
}

#[test]
fn what_does_not_go_together() {
    let scene = Scene::new();
    let cases: &[(&[&str], &str)] = &[
        (&["--merge"], "--keep-open"),
        (&["--broadcast"], "--keep-open"),
        (&["-k", "--merge", "--", "cat"], "--merge"),
        (&["-k", "--broadcast", "--", "cat"], "--broadcast"),
        (&["-k", "--merge", "--queue", "1M"], "--broadcast"),
        (&["-k", "--broadcast", "--queue", "0"], "--queue"),
        (&["-k", "--merge", "--eof", "close"], "--merge"),
        (&["-k", "--broadcast", "--idle-timeout", "1s"], "--broadcast"),
        (&["-k", "--merge", "--progress=always"], "--progress"),
    ];
    for (args, part) in cases {
        scene.lsock(["listen", "./s"]).args(*args).run().fails(2).says(part).output("");
        scene.expect_empty();
    }
}
