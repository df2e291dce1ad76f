//! Servers that end while bytes flow: each byte arrives once, or a loss is reported (Linux reports that
//! a server has closed without reading everything).

use super::connect;
use crate::harness::{Host, Scene, Wire, wait_until};
use rustix::{
    io::ioctl_fionread,
    net::{Shutdown, shutdown},
};
use std::{io::Read as _, thread, time::Duration};

/// Numbered lines of 10 bytes, so that 19 bytes of them are found in one place only.
fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|number| format!("{number:09}\n").into_bytes()).collect()
}

/// Returns where in the lines the bytes begin, which have to be a part of them.
#[track_caller]
fn find(bytes: &[u8], lines: &[u8]) -> usize {
    let newline = bytes.iter().position(|byte| *byte == b'\n').expect("a line");
    let number = std::str::from_utf8(&bytes[newline + 1..newline + 10]).unwrap();
    let from = number.parse::<usize>().unwrap() * 10 - newline - 1;
    assert!(bytes == &lines[from..from + bytes.len()], "they are not in order from {from} on");
    from
}

fn read_some(wire: &mut Wire, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    wire.read_exact(&mut bytes).unwrap();
    bytes
}

/// Serves clients, each of which has `count` bytes read, and returns what each has sent. `end` ends a
/// connection and returns what else was read. The last client is read to its end.
fn serve(host: &Host, count: usize, servers: usize, end: impl Fn(Wire) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut received = Vec::new();
    for _ in 1..servers {
        let mut wire = host.accept();
        let mut bytes = read_some(&mut wire, count);
        bytes.extend(end(wire));
        received.push(bytes);
    }
    received.push(host.accept().rest());
    received
}

const SERVERS: usize = 8;

/// A way to give the input, or to move it.
const WAYS: [&[&str]; 3] = [&["connect"], &["connect", "--copy", "buffer"], &["relay", "-"]];

fn client(scene: &Scene, way: &[&str]) -> crate::harness::Cmd {
    match way {
        ["connect", args @ ..] => connect(scene, "./s", args).arg("--send-only"),
        _ => scene.lsock(["relay", "-", "./s", "--reconnect"]),
    }
}

/// A server that reads no more than what is there, and then closes.
#[test]
fn nothing_is_lost_if_the_servers_read_what_they_took() {
    for way in WAYS {
        let scene = Scene::new();
        let (host, _) = scene.host("./s");
        let lines = lines(1_000_000);
        let client = client(&scene, way).input(lines.clone()).start();
        let received = serve(&host, 123_457, SERVERS, |mut wire| {
            // During a write, the client could not tell this from a close that discards bytes.
            wait_until("the client waits for room", || {
                let waiting = || ioctl_fionread(&wire).unwrap();
                let before = waiting();
                // Time is the subject: nothing arrives.
                thread::sleep(Duration::from_millis(20));
                before > 0 && waiting() == before
            });
            shutdown(&wire, Shutdown::Read).unwrap();
            wire.rest()
        });
        client.end().silent();
        assert!(received.concat() == lines, "{way:?}");
    }
}

/// Servers that close while bytes for them are on the way.
#[test]
fn each_byte_arrives_once_or_is_reported() {
    for way in WAYS {
        let scene = Scene::new();
        let (host, _) = scene.host("./s");
        let lines = lines(1_000_000);
        let client = client(&scene, way).input(lines.clone()).start();
        let received = serve(&host, 123_457, SERVERS, |_| Vec::new());
        let outcome = client.end();
        let (mut end, mut gaps) = (0, 0);
        for bytes in received {
            let from = find(&bytes, &lines);
            assert!(from >= end, "{} bytes arrived twice", end - from);
            gaps += usize::from(from > end);
            end = from + bytes.len();
        }
        assert_eq!(end, lines.len());
        let losses = outcome.stderr.matches("warning: connection").count();
        assert_eq!(losses, gaps, "{}", outcome.report());
        outcome.code(if gaps > 0 { 5 } else { 0 });
    }
}
