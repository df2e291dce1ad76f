//! Descriptors that programs send along with their data (`SCM_RIGHTS`) through a relay.

use crate::harness::{Running, Scene, Wire, data, open_files, signal, wait_until};
use rustix::{
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
    pipe::{PipeFlags, pipe, pipe_with},
    process::Signal,
};
use std::{
    fs::File,
    io::{IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    thread,
};

/// As many as go along with one message (`SCM_MAX_FD`).
const MOST: usize = 253;

/// Sends all of the bytes, and the descriptors along with the first one.
#[track_caller]
fn send(wire: &mut Wire, bytes: &[u8], fds: &[BorrowedFd<'_>]) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(fds.is_empty() || control.push(SendAncillaryMessage::ScmRights(fds)));
    let sent = sendmsg(&*wire, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL).unwrap();
    wire.send(&bytes[sent..]);
}

/// One read: what it gives, and the descriptors that came along.
#[track_caller]
fn receive(wire: &Wire, most: usize) -> (Vec<u8>, Vec<OwnedFd>) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = vec![0; most];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(wire, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags).unwrap();
    assert!(!message.flags.contains(ReturnFlags::CTRUNC), "descriptors were cut off");
    bytes.truncate(message.bytes);
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    (bytes, fds)
}

/// Reads so many bytes; gives the descriptors with the position at which they came.
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

/// A pipe with a word in it, which tells which one it is.
fn marked(word: &str) -> OwnedFd {
    let (reader, writer) = pipe().unwrap();
    File::from(writer).write_all(word.as_bytes()).unwrap();
    reader
}

#[track_caller]
fn word_of(fd: OwnedFd) -> String {
    let mut word = String::new();
    File::from(fd).read_to_string(&mut word).unwrap();
    word
}

/// A relay, and a client and a target that it has joined.
fn joined(scene: &Scene, args: &[&str]) -> (Running, Wire, Wire) {
    let (host, target) = scene.host(&format!("@{}-target", scene.word()));
    let relay = scene.relay("./s", &target).args(args).start_listening();
    let client = scene.wire("./s");
    (relay, client, host.accept())
}

#[test]
fn descriptors_go_both_ways_with_the_bytes_they_came_with() {
    let scene = Scene::new();
    for args in [&["--pass-fds"][..], &["--pass-fds", "--copy", "buffer"]] {
        let (relay, client, target) = joined(&scene, args);
        for (mut from, to) in [(client.another(), target.another()), (target, client)] {
            for round in 0..20 {
                let (one, other) = (marked("one"), marked("other"));
                let text = format!("message {round}");
                send(&mut from, text.as_bytes(), &[one.as_fd(), other.as_fd()]);
                drop((one, other));
                let (bytes, fds) = receive(&to, 100);
                assert_eq!(String::from_utf8(bytes).unwrap(), text);
                let words: Vec<_> = fds.into_iter().map(word_of).collect();
                assert_eq!(words, ["one", "other"]);
            }
        }
        relay.does_not_say("warning");
    }
}

/// Several messages are under way before the first one is read.
#[test]
fn the_order_is_kept() {
    let scene = Scene::new();
    let (_relay, mut client, target) = joined(&scene, &["--pass-fds"]);
    const COUNT: usize = 40;
    for number in 0..COUNT {
        client.send("plain");
        send(&mut client, b"mark", &[marked(&number.to_string()).as_fd()]);
    }
    client.end();
    let (mut all, mut words) = (Vec::new(), Vec::new());
    loop {
        let (bytes, fds) = receive(&target, 1000);
        if bytes.is_empty() {
            break;
        }
        // Those of one read belong to bytes of that read.
        let before = all.len();
        all.extend(bytes);
        for fd in fds {
            let number: usize = word_of(fd).parse().unwrap();
            let mark = number * 9 + 5;
            assert!((before..all.len()).contains(&mark), "{number} came with {before}..");
            words.push(number);
        }
    }
    assert_eq!(all, b"plainmark".repeat(COUNT));
    assert_eq!(words, (0..COUNT).collect::<Vec<_>>());
}

/// Whoever reads a message and expects its descriptors with the first byte gets them there,
/// and not with the message before, whatever the relay finds in one piece.
#[test]
fn descriptors_come_with_the_first_byte_that_they_were_sent_with() {
    let scene = Scene::new();
    for plain in [1, 9, 3000] {
        let (relay, mut client, target) = joined(&scene, &["--pass-fds"]);
        signal(&relay, Signal::STOP);
        let bytes = data(plain);
        client.send(&bytes);
        send(&mut client, b"mark", &[marked("one").as_fd()]);
        send(&mut client, b"next", &[marked("two").as_fd()]);
        client.send("after");
        signal(&relay, Signal::CONT);
        let (before, fds) = receive_all(&target, plain);
        assert_eq!((before == bytes, fds.len()), (true, 0));
        for (text, word) in [("mark", "one"), ("next", "two")] {
            let (message, fds) = receive(&target, 4);
            assert_eq!(String::from_utf8(message).unwrap(), text);
            assert_eq!(fds.into_iter().map(word_of).collect::<Vec<_>>(), [word]);
        }
        let (after, fds) = receive_all(&target, 5);
        assert_eq!((&after[..], fds.len()), (&b"after"[..], 0));
    }
}

#[test]
fn as_many_as_a_message_can_have() {
    let scene = Scene::new();
    let (_relay, mut client, target) = joined(&scene, &["--pass-fds"]);
    for count in [1, 2, 100, MOST] {
        let sent: Vec<_> = (0..count).map(|number| marked(&number.to_string())).collect();
        let fds: Vec<_> = sent.iter().map(AsFd::as_fd).collect();
        send(&mut client, b"many", &fds);
        let (bytes, fds) = receive(&target, 100);
        assert_eq!(bytes, b"many");
        let words: Vec<_> = fds.into_iter().map(word_of).collect();
        assert_eq!(words, (0..count).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

/// The end of a pipe that is sent is the last one: its other end tells when it is closed.
#[test]
fn without_pass_fds_they_are_closed_and_that_is_said_once() {
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"]] {
        let (relay, client, target) = joined(&scene, args);
        for (mut from, mut to) in
            [(client.another(), target.another()), (target.another(), client.another())]
        {
            for _ in 0..3 {
                let (reader, writer) = pipe().unwrap();
                send(&mut from, b"with a descriptor", &[writer.as_fd()]);
                drop(writer);
                to.expect("with a descriptor");
                // It would wait for ever if somebody had the other end.
                let end = crate::harness::within_the_deadline(|| word_of(reader));
                assert_eq!(end.as_deref(), Some(""));
            }
        }
        client.end();
        target.end();
        relay.wait_for_message("connection 1: 51 bytes to the target, 51 bytes back in ");
        let log = relay.log();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains("warning: ")).collect();
        assert!(warnings.len() == 2, "one for each direction, not\n{log}");
        for warning in warnings {
            assert!(warning.contains("connection 1: ") && warning.contains("--pass-fds"), "{log}");
        }
    }
}

/// In the middle and at the end of much data, which goes another way than little.
#[test]
fn descriptors_in_the_middle_of_much_data() {
    const SIZE: usize = 3_000_000;
    let scene = Scene::new();
    let (relay, client, target) = joined(&scene, &["--pass-fds"]);
    for (mut from, to) in [(client.another(), target.another()), (target, client)] {
        let writes = thread::spawn(move || {
            let bytes = data(SIZE);
            from.send(&bytes);
            send(&mut from, b"m", &[marked("middle").as_fd()]);
            from.send(&bytes);
            send(&mut from, b"e", &[marked("end").as_fd()]);
        });
        let (bytes, fds) = receive_all(&to, 2 * SIZE + 2);
        writes.join().unwrap();
        assert!(bytes == [&data(SIZE), &b"m"[..], &data(SIZE), b"e"].concat());
        let came: Vec<_> = fds.into_iter().map(|(at, fd)| (at, word_of(fd))).collect();
        let [(middle, first), (end, second)] = &came[..] else { panic!("{came:?}") };
        assert_eq!((&**first, &**second), ("middle", "end"));
        // Where the read began that got them: it may have got bytes before them, too.
        assert!(*middle <= SIZE && SIZE - middle < 64 << 10, "{middle}");
        assert!(*end <= 2 * SIZE + 1 && 2 * SIZE + 1 - end < 64 << 10, "{end}");
    }
    drop(relay);
}

/// The same without --pass-fds: never a silent loss, also where the bytes are spliced.
#[test]
fn a_descriptor_that_is_closed_in_the_middle_of_much_data_is_told_of() {
    const SIZE: usize = 3_000_000;
    let scene = Scene::new();
    let ways = [&[][..], &["--copy", "splice"]];
    for (at_the_end, args) in [false, true].into_iter().flat_map(|end| ways.map(|way| (end, way))) {
        let (relay, mut client, mut target) = joined(&scene, args);
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let writes = thread::spawn(move || {
            let bytes = data(SIZE);
            client.send(&bytes);
            send(&mut client, b"m", &[writer.as_fd()]);
            if !at_the_end {
                client.send(&bytes);
            }
            client.end();
            client.rest()
        });
        let middle = [&data(SIZE), &b"m"[..]].concat();
        let expected = if at_the_end { middle } else { [&middle[..], &data(SIZE)].concat() };
        target.expect_rest(&expected);
        target.end();
        writes.join().unwrap();
        let end = crate::harness::within_the_deadline(|| word_of(reader));
        assert_eq!(end.as_deref(), Some(""), "it is closed");
        relay.wait_for_message("warning: connection 1: a descriptor");
        relay.wait_for_message("--pass-fds");
    }
}

#[test]
fn no_descriptor_is_left_over_in_the_relay() {
    let scene = Scene::new();
    for (args, passes) in [(&["--pass-fds"][..], true), (&[], false)] {
        let (relay, mut client, mut target) = joined(&scene, args);
        client.send("x");
        target.expect("x");
        let before = open_files(&relay);
        for number in 0..300 {
            let sent = [marked("one"), marked("other"), marked("third")];
            let fds: Vec<_> = sent.iter().map(AsFd::as_fd).collect();
            let (from, to) =
                if number % 2 == 0 { (&mut client, &target) } else { (&mut target, &client) };
            send(from, b"three", &fds);
            let (bytes, fds) = receive(to, 100);
            assert_eq!(bytes, b"three");
            assert_eq!(fds.len(), if passes { 3 } else { 0 });
        }
        wait_until("no more than before", || open_files(&relay) <= before);
        // Those that nobody has taken go with the connection.
        let (reader, writer) = pipe().unwrap();
        send(&mut client, b"not taken", &[writer.as_fd()]);
        drop((writer, client, target));
        let end = crate::harness::within_the_deadline(|| word_of(reader));
        assert_eq!(end.as_deref(), Some(""));
    }
}

/// A command is given the connection itself, and so whatever comes through it.
#[test]
fn commands_get_descriptors_with_their_connection() {
    let scene = Scene::new();
    if !crate::harness::has("python3") {
        return;
    }
    let script = "import os, socket\n\
                  s = socket.socket(fileno=0)\n\
                  data, fds, flags, _ = socket.recv_fds(s, 100, 9)\n\
                  s.sendall(b','.join(os.read(fd, 99) for fd in fds))";
    for args in [&["--pass-fds"][..], &[]] {
        let relay =
            scene.lsock(["relay", "-v", "./s"]).args(args).args(["--", "python3", "-c", script]);
        let _relay = relay.start_listening();
        let mut client = scene.wire("./s");
        let sent = [marked("one"), marked("two")];
        send(&mut client, b"x", &[sent[0].as_fd(), sent[1].as_fd()]);
        client.expect_rest("one,two");
    }
}

/// Commands that cannot pass them on close them, and name the one that can.
#[test]
fn what_other_commands_close_is_told_of_once() {
    const CLOSED: &str = "warning: a descriptor that came along with data was closed; \
                          only `lsock relay --pass-fds` passes descriptors on";
    let cases: [(&[&str], &[&[&str]]); 4] = [
        (&["listen", "-v", "./s"], &[&[], &["--copy", "buffer"], &["--copy", "splice"]]),
        (&["listen", "-v", "./s", "-k"], &[&[], &["--copy", "buffer"]]),
        (&["listen", "-v", "./s", "-k", "--merge"], &[&[]]),
        (&["connect", "./s"], &[&[], &["--copy", "buffer"], &["--copy", "splice"]]),
    ];
    let all = cases.iter().flat_map(|(args, ways)| ways.iter().map(move |way| (*args, *way)));
    for (args, way) in all {
        let scene = Scene::new();
        let connects = args[0] == "connect";
        let host = connects.then(|| scene.host("./s").0);
        let server = scene.lsock(args).args(way).open_input().start();
        let mut wire = host.map_or_else(|| scene.wire("./s"), |host| host.accept());
        let mut expected = String::new();
        for _ in 0..3 {
            let (reader, writer) = pipe().unwrap();
            send(&mut wire, b"with a descriptor\n", &[writer.as_fd()]);
            drop(writer);
            expected.push_str("with a descriptor\n");
            server.wait_for_output(&expected);
            let end = crate::harness::within_the_deadline(|| word_of(reader));
            assert_eq!(end.as_deref(), Some(""), "{args:?} {way:?}");
        }
        let text = CLOSED.replace(
            "warning: ",
            if args.contains(&"-k") { "warning: connection 1: " } else { "warning: " },
        );
        server.wait_for_message(&text);
        let log = server.log();
        assert_eq!(log.matches("warning").count(), 1, "{args:?} {way:?}\n{log}");
    }
}

/// In the middle of much data, which is spliced, and where a command is joined.
#[test]
fn what_connect_closes_in_the_middle_of_much_data_is_told_of() {
    const SIZE: usize = 3_000_000;
    let commands: [&[&str]; 3] =
        [&[], &["--copy", "splice", "--recv-only"], &["--idle-timeout", "1m", "--", "cat"]];
    for args in commands {
        let scene = Scene::new();
        let (host, _) = scene.host("./s");
        let client = scene.connect("./s").args(args).start();
        let mut wire = host.accept();
        let returns = args.contains(&"cat").then(|| {
            let mut another = wire.another();
            thread::spawn(move || another.rest())
        });
        let bytes = data(SIZE);
        wire.send(&bytes);
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        send(&mut wire, b"m", &[writer.as_fd()]);
        drop(writer);
        wire.send(&bytes);
        wire.end();
        let outcome = client.end().ok();
        let connection = if args.contains(&"cat") { "connection 1: " } else { "" };
        outcome
            .says(&format!("warning: {connection}a descriptor"))
            .says("only `lsock relay --pass-fds` passes")
            .output(match returns {
                Some(_) => Vec::new(),
                None => [&bytes, &b"m"[..], &bytes].concat(),
            });
        let end = crate::harness::within_the_deadline(|| word_of(reader));
        assert_eq!(end.as_deref(), Some(""), "it is closed");
    }
}

/// Advice that would be refused is none.
#[test]
fn advice_fits_a_relay_that_cannot_pass_descriptors() {
    let scene = Scene::new();
    let (host, target) = scene.host("tcp:127.0.0.1:0");
    let relay = scene.relay("./s", &target).start_listening();
    let mut client = scene.wire("./s");
    send(&mut client, b"x", &[marked("word").as_fd()]);
    host.accept().expect("x");
    relay.wait_for_message("was closed; --pass-fds takes local sockets on both sides");
}

/// A service manager may have asked for a descriptor of the sender's process with each
/// message (SO_PASSPIDFD), for its credentials and for its security context.
#[test]
fn what_a_listener_has_asked_for_is_not_left_over_in_the_relay() {
    let scene = Scene::new();
    if !crate::harness::has("python3") {
        return;
    }
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
        send(&mut client, b"with a descriptor", &[marked(&word).as_fd()]);
        let (bytes, fds) = receive(&wire, 100);
        assert_eq!(bytes, b"with a descriptor");
        assert_eq!(fds.into_iter().map(word_of).collect::<Vec<_>>(), [word]);
        wire.send("back");
        client.expect("back");
    }
    relay.does_not_say("warning");
    wait_until("no more than before", || open_files(&relay) <= before);
}
