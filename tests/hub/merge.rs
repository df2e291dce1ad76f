//! Lines of many clients on stdout.

use super::{MERGE, wait_for_lines};
use crate::harness::{Scene, data};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    thread,
};

#[test]
fn lines_of_many_clients_are_never_mixed() {
    const CLIENTS: usize = 20;
    const LINES: usize = 400;
    let scene = Scene::new();
    let server = scene.listen("./s").args(MERGE).start_listening();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mut wire = scene.wire("./s");
            scope.spawn(move || {
                let mut text = Vec::new();
                for line in 0..LINES {
                    // The pieces do not end at the ends of lines.
                    let filling = "x".repeat((line * 37 + client * 11) % 300);
                    writeln!(text, "{client} {line} {filling} {client}").unwrap();
                }
                text.chunks(997).for_each(|piece| wire.send(piece));
            });
        }
    });
    let text = wait_for_lines(&server, CLIENTS * LINES);
    let mut next = HashMap::new();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let (client, number): (usize, usize) =
            (words[0].parse().unwrap(), words[1].parse().unwrap());
        let filling = "x".repeat((number * 37 + client * 11) % 300);
        assert_eq!(line, format!("{client} {number} {filling} {client}"));
        let expected = next.entry(client).or_insert(0);
        assert_eq!(number, *expected, "of client {client}: not the next line");
        *expected += 1;
    }
}

#[test]
fn a_line_is_written_when_it_is_complete() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(MERGE).start_listening();
    let (mut one, mut other) = (scene.wire("./s"), scene.wire("./s"));
    one.send("first line\nsecond ");
    server.wait_for_output("first line\n");
    other.send("of the other\n");
    server.wait_for_output("first line\nof the other\n");
    one.send("line\n");
    server.wait_for_output("first line\nof the other\nsecond line\n");
    // Stdin is not sent.
    one.end();
    one.expect_rest("");
}

#[test]
fn a_last_line_without_a_newline_is_written() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(MERGE).start_listening();
    let mut one = scene.wire("./s");
    one.send("no newline");
    drop(one);
    server.wait_for_output("no newline");
    let mut other = scene.wire("./s");
    other.send("next\n");
    drop(other);
    // A newline is added before the line of another client.
    server.wait_for_output("no newline\nnext\n");
}

/// Longer than 64 KiB, they can be split.
#[test]
fn long_lines_are_complete() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(MERGE).start_listening();
    let lines: Vec<_> = [65_000, 65_536, 70_000, 3_000_000]
        .map(|length| data(length).into_iter().filter(|byte| *byte != b'\n').collect::<Vec<_>>())
        .into();
    let mut expected = Vec::new();
    let mut client = scene.wire("./s");
    for line in &lines {
        client.send(line);
        client.send("\n");
        expected.extend_from_slice(line);
        expected.push(b'\n');
    }
    server.wait_for_output(&expected);
}

#[test]
fn clients_wait_for_a_slow_reader_of_stdout() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").args(MERGE).unread_output().start_listening();
    let mut output = BufReader::new(server.take_output());
    let line = "y".repeat(99);
    let text = format!("{line}\n").repeat(20_000);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (mut client, text) = (scene.wire("./s"), text.clone());
            thread::spawn(move || client.send(text))
        })
        .collect();
    let mut read = String::new();
    for number in 0..80_000 {
        read.clear();
        output.read_line(&mut read).unwrap();
        assert!(read.trim_end_matches('\n') == line, "line {number}: {read:?}");
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
}
