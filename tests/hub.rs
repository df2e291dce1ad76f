//! `listen -k --merge` and `--broadcast`: all clients at once with stdin and stdout.

#[cfg(target_os = "linux")]
use crate::harness::open_files;
use crate::harness::{Running, Scene, Wire, data, signal, wait_until};
use rustix::{io::ioctl_fionread, process::Signal};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    thread,
};

const MERGE: [&str; 2] = ["-k", "--merge"];
const BROADCAST: [&str; 2] = ["-k", "--broadcast"];
const HUB: [&str; 3] = ["-k", "--merge", "--broadcast"];

#[test]
fn lines_of_many_clients_are_never_mixed() {
    const CLIENTS: usize = 20;
    const LINES: usize = 400;
    let scene = Scene::new();
    let server = scene.listen("./s", MERGE).start_listening();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mut wire = scene.wire("./s");
            scope.spawn(move || {
                let mut text = Vec::new();
                for line in 0..LINES {
                    // Of many lengths, and sent in pieces that have nothing to do with them.
                    let filling = "x".repeat((line * 37 + client * 11) % 300);
                    writeln!(text, "{client} {line} {filling} {client}").unwrap();
                }
                text.chunks(997).for_each(|piece| wire.send(piece));
            });
        }
    });
    let is_all = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count() == CLIENTS * LINES;
    assert!(server.stdout.wait_for(is_all), "not all lines came");
    let text = String::from_utf8(server.stdout.so_far()).unwrap();
    let mut next = HashMap::new();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let (client, number): (usize, usize) =
            (words[0].parse().unwrap(), words[1].parse().unwrap());
        let filling = "x".repeat((number * 37 + client * 11) % 300);
        assert_eq!(line, format!("{client} {number} {filling} {client}"));
        // The lines of one client come in their order.
        let expected = next.entry(client).or_insert(0);
        assert_eq!(number, *expected, "of client {client}");
        *expected += 1;
    }
}

/// Only whole lines are written while a client may still send the rest of one.
#[test]
fn a_line_is_written_once_it_is_whole() {
    let scene = Scene::new();
    let server = scene.listen("./s", MERGE).start_listening();
    let (mut one, mut other) = (scene.wire("./s"), scene.wire("./s"));
    one.send("first line\nsecond ");
    server.wait_for_output("first line\n");
    other.send("of the other\n");
    server.wait_for_output("first line\nof the other\n");
    one.send("line\n");
    server.wait_for_output("first line\nof the other\nsecond line\n");
    // Clients get nothing, and stdin is not theirs.
    one.end();
    assert_eq!(one.rest(), b"");
}

#[test]
fn a_last_line_without_a_newline_is_delivered() {
    let scene = Scene::new();
    let server = scene.listen("./s", MERGE).start_listening();
    let mut one = scene.wire("./s");
    one.send("no newline");
    drop(one);
    server.wait_for_output("no newline");
    let mut other = scene.wire("./s");
    other.send("next\n");
    drop(other);
    // It is ended before another client's line begins.
    server.wait_for_output("no newline\nnext\n");
}

/// One that is longer than 64 KiB may be split, but nothing of it is lost.
#[test]
fn long_lines() {
    let scene = Scene::new();
    let server = scene.listen("./s", MERGE).start_listening();
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

/// A reader of stdout that is slow has the clients wait: nothing is lost.
#[test]
fn an_output_that_is_not_read_yet() {
    let scene = Scene::new();
    let mut server = scene.listen("./s", MERGE).unread_output().start_listening();
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

/// Sends a line of x until everybody is served, which is a moment after a client has
/// connected.
#[track_caller]
fn let_all_be_served(server: &mut Running, clients: &[&Wire]) {
    wait_until("all are served", || {
        server.send("x");
        clients.iter().all(|client| ioctl_fionread(client).unwrap() > 0)
    });
    server.send("\n");
}

#[track_caller]
fn read_line(client: &mut Wire) -> String {
    let (mut line, mut byte) = (String::new(), [0]);
    while byte != [b'\n'] {
        client.read_exact(&mut byte).unwrap();
        line.push(char::from(byte[0]));
    }
    line
}

/// Each client gets everything from when it came.
#[test]
fn everybody_gets_what_is_broadcast() {
    let scene = Scene::new();
    let mut server = scene.listen("./s", BROADCAST).open_input().start_listening();
    let mut clients: Vec<Wire> = Vec::new();
    for round in 0..5 {
        clients.push(scene.wire("./s"));
        let_all_be_served(&mut server, &[&clients[round]]);
        for client in &mut clients {
            assert_eq!(read_line(client).trim_matches('x'), "\n");
        }
        server.send(format!("round {round}\n"));
        for client in &mut clients {
            assert_eq!(read_line(client), format!("round {round}\n"));
        }
    }
    // In pieces that they keep up with: their queues are not what this is about.
    for piece in data(3_000_000).chunks(300_000) {
        server.send(piece);
        clients.iter_mut().for_each(|client| client.expect(piece));
    }
    // The end of stdin is the end of it all, after what was read before.
    server.send("the end");
    server.close_input();
    for client in &mut clients {
        assert_eq!(client.rest(), b"the end");
    }
    server.end().ok();
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn stdin_is_not_read_while_there_is_no_client() {
    let scene = Scene::new();
    let mut server = scene.listen("./s", BROADCAST).open_input().start_listening();
    server.send("for the first");
    let input = server.take_input();
    assert_eq!(ioctl_fionread(&input).unwrap(), 13);
    let mut client = scene.wire("./s");
    client.expect("for the first");
    // The input of a hub that only broadcasts ends it; the file was not lost before.
    drop(input);
    assert_eq!(client.rest(), b"");
    server.end().ok();
    let server = scene.listen("./s", BROADCAST).input("of a file").start_listening();
    assert_eq!(scene.wire("./s").rest(), b"of a file");
    server.end().ok();
}

/// It gets no more, with a warning; the others never wait for it.
#[test]
fn a_client_that_does_not_read_is_cut_off() {
    const SIZE: usize = 8_000_000;
    let scene = Scene::new();
    let args = ["-k", "--broadcast", "--queue", "200K"];
    let mut server = scene.listen("./s", args).open_input().start_listening();
    let mut stuck = scene.wire("./s");
    let mut good: Vec<_> = (0..3).map(|_| scene.wire("./s")).collect();
    let all: Vec<_> = good.iter().chain([&stuck]).collect();
    let_all_be_served(&mut server, &all);
    good.iter_mut().for_each(|client| assert_eq!(read_line(client).trim_matches('x'), "\n"));
    let bytes = data(SIZE);
    for piece in bytes.chunks(50_000) {
        server.send(piece);
        // The others have each piece before the next one comes.
        good.iter_mut().for_each(|client| client.expect(piece));
    }
    server.wait_for_message("warning: connection 1: cut off");
    let got = stuck.rest_whatever_happens();
    assert!(got.len() < SIZE / 2, "{} bytes", got.len());
    // What it got is the beginning of it all, without gaps.
    let line = got.iter().position(|byte| *byte == b'\n').unwrap();
    assert!(got[..line].iter().all(|byte| *byte == b'x') && bytes.starts_with(&got[line + 1..]));
    let log = String::from_utf8(server.stderr.so_far()).unwrap();
    assert!(log.matches("cut off").count() == 1, "{log}");
}

#[test]
fn a_hub_does_both() {
    let scene = Scene::new();
    let mut server = scene.listen("./s", HUB).open_input().start_listening();
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
        assert_eq!(client.rest(), b"");
        client.send("still\n");
    }
    let is_all = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() == 10;
    assert!(server.stdout.wait_for(is_all));
    assert!(server.is_running());
    let text = String::from_utf8(server.stdout.so_far()).unwrap();
    assert_eq!(text.matches("still\n").count(), 5, "{text}");
}

#[test]
fn head_ends_it_quietly() {
    let scene = Scene::new();
    for args in ["--merge", "--merge --broadcast"] {
        let script = format!(r#"{{ "$0" listen ./s -k {args}; echo status $? >&2; }} | head -n 1"#);
        let shell = scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
        let running = shell.open_input().start();
        let mut client = scene.wire("./s");
        let writes = thread::spawn(move || while client.write_all(b"a line\n").is_ok() {});
        let outcome = running.end().ok().output("a line\n");
        assert_eq!(outcome.stderr, "status 0\n");
        writes.join().unwrap();
        assert_eq!(scene.files(), [""; 0]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output() {
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let server = scene.listen("./s", args).open_input().stdout(full).start_listening();
        let mut client = scene.wire("./s");
        client.send("lost\n");
        let outcome = server.end().code(5).says("5 bytes could not be delivered to the output");
        outcome.says("no space left");
        assert_eq!(client.rest_whatever_happens(), b"");
        assert_eq!(scene.files(), [""; 0]);
    }
}

#[test]
fn signals_end_it_and_what_was_sent_is_written() {
    let scene = Scene::new();
    for args in [&MERGE[..], &BROADCAST, &HUB] {
        let server = scene.listen("./s", args).open_input().start_listening();
        signal(&server, Signal::TERM);
        server.end().died_of(Signal::TERM).output("");
        assert_eq!(scene.files(), [""; 0], "{args:?}");
    }
    let server = scene.listen("./s", MERGE).args(["--grace", "1m"]).start_listening();
    let mut client = scene.wire("./s");
    client.send("before\n");
    server.wait_for_output("before\n");
    signal(&server, Signal::INT);
    wait_until("the name has gone", || scene.files().is_empty());
    client.send("after\n");
    client.send(data(500_000));
    drop(client);
    let outcome = server.end().died_of(Signal::INT);
    assert!(outcome.stdout == [b"before\nafter\n", &*data(500_000)].concat());
    // Those that stay are closed in the end.
    let server = scene.listen("./s", HUB).args(["--grace", "200ms"]).open_input();
    let server = server.start_listening();
    let mut client = scene.wire("./s");
    client.send("x\n");
    server.wait_for_output("x\n");
    signal(&server, Signal::TERM);
    server.end().died_of(Signal::TERM).says("within the grace time");
    assert_eq!(client.rest_whatever_happens(), b"");
}

/// They waited to be accepted when it came.
#[test]
fn lines_of_clients_that_had_connected_before_a_signal() {
    const COUNT: usize = 8;
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let server = scene.listen("./s", args).open_input().start_listening();
        signal(&server, Signal::STOP);
        let sender = scene.connect("./s", ["-v", "--send-only"]).input("line\n").start();
        sender.wait_for_message("connected to");
        for _ in 0..COUNT {
            scene.wire("./s").send("line\n");
        }
        let mut stays = scene.wire("./s");
        stays.send("line\n");
        signal(&server, Signal::TERM);
        signal(&server, Signal::CONT);
        server.wait_for_output("line\n".repeat(COUNT + 2));
        sender.end().ok();
        // One that is still there is served until it goes.
        stays.send("another\n");
        drop(stays);
        let outcome = server.end().died_of(Signal::TERM).does_not_say("warning");
        outcome.output("line\n".repeat(COUNT + 2) + "another\n");
        assert_eq!(scene.files(), [""; 0]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn many_clients_one_after_another_leave_nothing() {
    let scene = Scene::new();
    let mut server = scene.listen("./s", HUB).open_input().start_listening();
    let visit = || {
        let mut client = scene.wire("./s");
        client.send("hello\n");
    };
    visit();
    server.wait_for_output("hello\n");
    wait_until("it has gone", || {
        let files = open_files(&server);
        thread::sleep(std::time::Duration::from_millis(20));
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
        assert_eq!(scene.files(), [""; 0], "{args:?}");
    }
}
