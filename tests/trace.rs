//! `--trace` and `--trace-file`: what moves is shown, and moves on.

#[cfg(unix)]
mod commands;
#[cfg(target_os = "linux")]
mod descriptors;
mod files;
#[cfg(unix)]
mod hub;
mod relay;

use crate::harness::{Scene, assert_bytes, data};
use serde_json::Value;
use std::{fs, path::Path};

/// The events of a trace in JSON.
struct Events(Vec<Value>);

impl Events {
    #[track_caller]
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        Self(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// Returns the events of a connection.
    fn of(&self, connection: u64) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |event| event["conn"] == connection)
    }

    /// Returns the bytes of a direction of a connection.
    fn bytes(&self, connection: u64, direction: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let is_data = |event: &&Value| event["event"] == "data" && event["direction"] == direction;
        for event in self.of(connection).filter(is_data) {
            assert_eq!(event["offset"], bytes.len());
            let before = bytes.len();
            match (event["text"].as_str(), event["hex"].as_str()) {
                (Some(text), None) => bytes.extend(text.as_bytes()),
                (None, Some(hex)) => bytes.extend(
                    (0..hex.len() / 2)
                        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()),
                ),
                _ => panic!("{event}"),
            }
            assert_eq!(event["length"], bytes.len() - before);
        }
        bytes
    }

    /// Returns what happened to a connection besides data, such as `end_of_file to_server`.
    fn others(&self, connection: u64) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let others = self.of(connection).filter(|event| event["event"] != "data");
        let others =
            others.map(|event| format!("{} {}", text(&event["event"]), text(&event["direction"])));
        others.map(|other| other.trim_end().to_owned()).collect()
    }

    #[track_caller]
    fn expect(&self, connection: u64, to_server: &[u8], to_client: &[u8]) {
        for (direction, bytes) in [("to_server", to_server), ("to_client", to_client)] {
            assert_bytes(&self.bytes(connection, direction), bytes, || direction.to_owned());
        }
        let closed = self.of(connection).last().unwrap();
        assert_eq!(closed["event"], "closed");
        assert_eq!(closed["to_server"], to_server.len());
        assert_eq!(closed["to_client"], to_client.len());
    }
}

const JSON: [&str; 2] = ["--trace=json", "--trace-file"];

#[test]
fn both_sides_trace_the_same_bytes() {
    let scene = Scene::new();
    for size in [0, 1, 65_537, 3 << 20] {
        let (there, here) = (data(size), data(size / 2));
        let server = scene.listen(scene.word()).args(JSON).arg("s.json");
        let server = server.input(here.clone()).start_listening();
        let client = scene.connect(scene.word()).args(JSON).arg("c.json");
        client.input(there.clone()).run().silent().output(&here);
        server.end().ok().output(&there);
        for file in ["s.json", "c.json"] {
            let events = Events::read(&scene.path(file));
            events.expect(1, &there, &here);
            let connected = &events.0[0];
            assert_eq!(connected["event"], "connected");
            assert_eq!(connected["schema"], 1);
            // `@name` or, on Windows, `\\.\pipe\name`.
            let name = connected["name"].as_str().unwrap();
            assert!(name.ends_with(scene.word()), "{name}");
        }
    }
}

#[test]
fn a_trace_on_stderr_is_text_and_stdout_has_the_data_alone() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).input("answer\x1b[2J\n").start_listening();
    let client = scene.connect(scene.word()).arg("--trace").input("question\n").run();
    let mut client = client.ok().output("answer\x1b[2J\n");
    for line in [" 1 connected: ", " 1 > 9 bytes at 0\n  question\\n\n", "  answer\\x1b[2J\\n\n"] {
        client = client.says(line);
    }
    client.says(" 1 closed: 9 bytes to the server, 11 bytes to the client\n");
    server.end().ok().output("question\n");
}

#[test]
fn a_trace_can_be_hexadecimal() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).arg("--trace=hex").input("answer").start_listening();
    scene.connect(scene.word()).run().ok().output("answer");
    let row = "  00000000  61 6e 73 77 65 72                                 |answer|\n";
    server.end().ok().says(row);
}

#[test]
fn a_server_traces_clients_one_after_another() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).args(["-k", "--trace"]).open_input().start_listening();
    for number in 1..=3 {
        scene.connect(scene.word()).arg("--send-only").input(format!("{number}")).run().ok();
        server.wait_for_message(&format!("Z {number} closed: 1 byte to the server"));
    }
}

#[test]
fn options_that_cannot_be_used_are_wrong_usage() {
    let scene = Scene::new();
    let word = scene.word();
    scene.expect_wrong_usage(
        &["listen", word],
        &[
            (&["--trace-file", "no/folder/t"], "cannot use no/folder/t for --trace-file: "),
            (&["--record", "no/folder/r"], "cannot use no/folder/r for --record: "),
            (&["--record-port", "80"], "--record"),
            (&["--record-port", "0", "--record", "r"], "a whole number from 1 to 65535"),
            (&["--record-port", "70000", "--record", "r"], "a whole number from 1 to 65535"),
            (&["--trace-file", "-"], "the trace goes to stderr without this option; ./- is a file"),
            (
                &["--record", "-"],
                "stdout is for data, and a FIFO for programs that read along; ./-",
            ),
            (&["--record", "r", "--trace-file", "r"], "cannot share a file"),
        ],
    );
    let case: (&[&str], &str) = (&["--trace", "json", word], "has to follow `=`");
    scene.expect_wrong_usage(&["connect"], &[case]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_spliced_cannot_be_traced() {
    let scene = Scene::new();
    let case: (&[&str], &str) = (&["--trace", "--copy", "splice"], "--copy splice");
    scene.expect_wrong_usage(&["listen", scene.word()], &[case]);
    scene.expect_wrong_usage(&["relay", scene.word(), &scene.other_word()], &[case]);
}

#[test]
fn explain_says_what_is_traced_and_opens_nothing() {
    let scene = Scene::new();
    let args = ["--explain", "--trace=hex", "--record", "r", "--record-port", "80"];
    let explained = scene.connect(scene.word()).args(args).run().ok();
    explained
        .prints("trace        hex, to stderr\n")
        .prints("record       to r, with port 80 for the server\n");
    scene.expect_empty();
}
