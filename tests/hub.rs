//! `listen -k --merge` and `--broadcast`: all clients at once share stdin and stdout.

mod broadcast;
mod ending;
mod losses;
mod merge;

use crate::harness::{Running, Scene};

const MERGE: [&str; 2] = ["-k", "--merge"];
const BROADCAST: [&str; 2] = ["-k", "--broadcast"];
const HUB: [&str; 3] = ["-k", "--merge", "--broadcast"];

/// Waits until that many lines are on stdout. Returns all of it.
#[track_caller]
fn wait_for_lines(server: &Running, count: usize) -> String {
    let is_all = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() == count;
    assert!(server.stdout.wait_for(is_all), "not all lines came");
    String::from_utf8(server.stdout.so_far()).unwrap()
}

#[test]
fn a_hub_merges_and_broadcasts() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").args(HUB).open_input().start_listening();
    let mut clients: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("from {number}\n"));
    }
    wait_for_lines(&server, 5);
    server.send("to all\n");
    clients.iter_mut().for_each(|client| client.expect("to all\n"));
    // The end of stdin ends one direction only.
    server.close_input();
    for client in &mut clients {
        client.expect_rest("");
        client.send("still\n");
    }
    let text = wait_for_lines(&server, 10);
    assert!(server.is_running());
    assert_eq!(text.matches("still\n").count(), 5, "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn clients_one_after_another_leave_no_descriptors() {
    use crate::harness::{open_files, wait_until};
    let scene = Scene::new();
    let mut server = scene.listen("./s").args(HUB).open_input().start_listening();
    let mut first = scene.wire("./s");
    first.send("hello\n");
    server.wait_for_output("hello\n");
    let with_client = open_files(&server);
    drop(first);
    wait_until("the hub has closed the connection", || open_files(&server) < with_client);
    let before = open_files(&server);
    for _ in 0..500 {
        scene.wire("./s").send("hello\n");
    }
    server.wait_for_output("hello\n".repeat(501));
    wait_until("no descriptor is left", || open_files(&server) <= before);
    assert!(server.is_running());
}

#[test]
fn options_that_exclude_each_other_are_wrong_usage() {
    let scene = Scene::new();
    let cases: &[(&[&str], &str)] = &[
        (&["--merge"], "--keep-open"),
        (&["--broadcast"], "--keep-open"),
        (&["-k", "--merge", "--", "cat"], "--merge"),
        (&["-k", "--broadcast", "--", "cat"], "--broadcast"),
        (&["-k", "--merge", "--queue", "1M"], "--broadcast"),
        (&["-k", "--broadcast", "--queue", "0"], "--queue"),
        (&["-k", "--merge", "--eof", "close"], "--merge"),
        (&["-k", "--broadcast", "--idle-timeout", "1s"], "but --max-time"),
        (&["-k", "--broadcast", "--ignore-unread"], "but --max-time"),
        (&["-k", "--merge", "--progress=always"], "--progress"),
    ];
    scene.expect_wrong_usage(&["listen", "./s"], cases);
}
