//! With `--pass-fds` a relay passes descriptors on.

use super::{
    MOST, expect, expect_closed, marked, receive, send, send_write_end, start_relay, word_of,
};
use crate::harness::{Scene, Wire, assert_bytes, data, has, open_files, signal, wait_until};
use rustix::process::Signal;
use std::{os::fd::OwnedFd, thread};

const SIZE: usize = 3_000_000;

/// Reads that many bytes. Returns the descriptors with the position at which they came.
#[track_caller]
fn receive_all(wire: &Wire, size: usize) -> (Vec<u8>, Vec<(usize, OwnedFd)>) {
    let (mut all, mut came) = (Vec::new(), Vec::new());
    while all.len() < size {
        let (bytes, fds) = receive(wire, (64 << 10).min(size - all.len()));
        assert!(!bytes.is_empty(), "the end after {} bytes of {size}", all.len());
        came.extend(fds.into_iter().map(|fd| (all.len(), fd)));
        all.extend(bytes);
    }
    (all, came)
}

#[test]
fn descriptors_pass_in_both_directions_with_their_bytes() {
    let scene = Scene::new();
    for args in [&["--pass-fds"][..], &["--pass-fds", "--copy", "buffer"]] {
        let (relay, client, target) = start_relay(&scene, args);
        for (mut from, to) in [(client.another(), target.another()), (target, client)] {
            for round in 0..20 {
                let text = format!("message {round}");
                send(&mut from, text.as_bytes(), &[marked("one"), marked("other")]);
                expect(&to, text.as_bytes(), &["one", "other"]);
            }
        }
        relay.does_not_say("warning");
    }
}

/// Several messages are sent before the first one is read.
#[test]
fn the_order_of_bytes_and_descriptors_is_kept() {
    const COUNT: usize = 40;
    let scene = Scene::new();
    let (_relay, mut client, target) = start_relay(&scene, &["--pass-fds"]);
    for number in 0..COUNT {
        client.send("plain");
        send(&mut client, b"mark", &[marked(&number.to_string())]);
    }
    client.end();
    let (mut all, mut words) = (Vec::new(), Vec::new());
    loop {
        let (bytes, fds) = receive(&target, 1000);
        if bytes.is_empty() {
            break;
        }
        // The descriptors of one read belong to bytes of that read.
        let before = all.len();
        all.extend(bytes);
        for fd in fds {
            let number: usize = word_of(fd).parse().unwrap();
            let mark = number * 9 + 5;
            assert!((before..all.len()).contains(&mark), "{number} came with {before}..");
            words.push(number);
        }
    }
    assert_bytes(&all, &b"plainmark".repeat(COUNT), String::new);
    assert_eq!(words, (0..COUNT).collect::<Vec<_>>());
}

/// Programs expect the descriptors with the first byte of the message, not with a message
/// before that the relay has read in one piece with it.
#[test]
fn descriptors_come_with_the_first_byte_of_their_message() {
    let scene = Scene::new();
    for plain in [1, 9, 3000] {
        let (relay, mut client, target) = start_relay(&scene, &["--pass-fds"]);
        signal(&relay, Signal::STOP);
        client.send(data(plain));
        send(&mut client, b"mark", &[marked("one")]);
        send(&mut client, b"next", &[marked("two")]);
        client.send("after");
        signal(&relay, Signal::CONT);
        let (before, fds) = receive_all(&target, plain);
        assert_eq!((before == data(plain), fds.len()), (true, 0));
        expect(&target, b"mark", &["one"]);
        expect(&target, b"next", &["two"]);
        let (after, fds) = receive_all(&target, 5);
        assert_eq!((&after[..], fds.len()), (&b"after"[..], 0));
    }
}

#[test]
fn as_many_descriptors_as_a_message_can_have_are_passed() {
    let scene = Scene::new();
    let (_relay, mut client, target) = start_relay(&scene, &["--pass-fds"]);
    for count in [1, 2, 100, MOST] {
        let words: Vec<_> = (0..count).map(|number| number.to_string()).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let fds: Vec<_> = words.iter().map(|word| marked(word)).collect();
        send(&mut client, b"many", &fds);
        expect(&target, b"many", &words);
    }
}

/// Large amounts are copied in another way than small messages.
#[test]
fn descriptors_in_the_middle_and_at_the_end_of_much_data_are_passed() {
    let scene = Scene::new();
    let (_relay, client, target) = start_relay(&scene, &["--pass-fds"]);
    for (mut from, to) in [(client.another(), target.another()), (target, client)] {
        let writes = thread::spawn(move || {
            from.send(data(SIZE));
            send(&mut from, b"m", &[marked("middle")]);
            from.send(data(SIZE));
            send(&mut from, b"e", &[marked("end")]);
        });
        let (bytes, fds) = receive_all(&to, 2 * SIZE + 2);
        writes.join().unwrap();
        assert!(bytes == [&data(SIZE), &b"m"[..], &data(SIZE), b"e"].concat());
        let came: Vec<_> = fds.into_iter().map(|(at, fd)| (at, word_of(fd))).collect();
        let [(middle, first), (end, second)] = &came[..] else { panic!("{came:?}") };
        assert_eq!((&**first, &**second), ("middle", "end"));
        // The read that returned them can have begun before their byte.
        assert!(*middle <= SIZE && SIZE - middle < 64 << 10, "{middle}");
        assert!(*end <= 2 * SIZE + 1 && 2 * SIZE + 1 - end < 64 << 10, "{end}");
    }
}

#[test]
fn no_descriptor_is_left_in_the_relay() {
    let scene = Scene::new();
    for (args, passes) in [(&["--pass-fds"][..], true), (&[], false)] {
        let (relay, mut client, mut target) = start_relay(&scene, args);
        client.send("x");
        target.expect("x");
        let before = open_files(&relay);
        for number in 0..300 {
            let (from, to) =
                if number % 2 == 0 { (&mut client, &target) } else { (&mut target, &client) };
            send(from, b"three", &["one", "other", "third"].map(marked));
            expect(to, b"three", if passes { &["one", "other", "third"] } else { &[] });
        }
        wait_until("no descriptor is left", || open_files(&relay) <= before);
        // Descriptors that are not received are closed with the connection.
        let reader = send_write_end(&mut client, b"not taken");
        drop((client, target));
        expect_closed(reader);
    }
}

/// The command gets the socket itself, with or without the option.
#[test]
fn commands_get_descriptors_with_their_connection() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let script = "import os, socket\n\
                  s = socket.socket(fileno=0)\n\
                  data, fds, flags, _ = socket.recv_fds(s, 100, 9)\n\
                  s.sendall(b','.join(os.read(fd, 99) for fd in fds))";
    for args in [&["--pass-fds"][..], &[]] {
        let relay = scene.lsock(["relay", "-v", "./s"]).args(args);
        let _relay = relay.args(["--", "python3", "-c", script]).start_listening();
        let mut client = scene.wire("./s");
        send(&mut client, b"x", &["one", "two"].map(marked));
        client.expect_rest("one,two");
    }
}

/// The process that created the listening socket can have asked for a descriptor of the
/// sender's process with each message (`SO_PASSPIDFD`), for its credentials and its security
/// context.
#[test]
fn ancillary_data_that_the_listening_socket_asks_for_is_discarded() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let script = "import os, socket, sys\n\
                  s = socket.socket(socket.AF_UNIX)\n\
                  s.bind('s')\n\
                  s.listen()\n\
                  for option in (16, 34, 76):\n\
                  \x20   try: s.setsockopt(socket.SOL_SOCKET, option, 1)\n\
                  \x20   except OSError: pass\n\
                  os.dup2(s.fileno(), 3)\n\
                  os.set_inheritable(3, True)\n\
                  os.execv(sys.argv[1], sys.argv[1:])";
    let python = scene.command("python3").args(["-c", script, env!("CARGO_BIN_EXE_lsock")]);
    let relay = python.args(["relay", "-v", "fd:3", &target, "--pass-fds"]).start_listening();
    let mut client = scene.wire("./s");
    let mut wire = host.accept();
    client.send("x");
    wire.expect("x");
    let before = open_files(&relay);
    for number in 0..50 {
        let word = number.to_string();
        send(&mut client, b"with a descriptor", &[marked(&word)]);
        expect(&wire, b"with a descriptor", &[&word]);
        wire.send("back");
        client.expect("back");
    }
    relay.does_not_say("warning");
    wait_until("no descriptor is left", || open_files(&relay) <= before);
}

/// A tap passes them on without an option.
#[test]
fn a_tap_passes_descriptors() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let tap = scene.lsock(["tap", "-v", "./s"]).start();
    tap.wait_for_message("tapping ./s");
    let client = scene.wire("./s");
    let target = host.accept();
    for (mut from, to) in [(client.another(), target.another()), (target, client)] {
        send(&mut from, b"message", &[marked("one"), marked("other")]);
        expect(&to, b"message", &["one", "other"]);
    }
    tap.terminate().does_not_say("warning");
}
