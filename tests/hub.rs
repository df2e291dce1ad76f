//! `listen -k --merge` and `--broadcast`: all clients at once with stdin and stdout.

#[cfg(target_os = "linux")]
use crate::harness::{DEADLINE, memory, open_files};
use crate::harness::{Running, Scene, Wire, data, signal, wait_until};
use rustix::{io::ioctl_fionread, process::Signal};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    thread,
    time::Duration,
};
#[cfg(target_os = "linux")]
use {
    rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size},
    std::{
        net::{TcpListener, TcpStream},
        os::fd::OwnedFd,
        time::Instant,
    },
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

/// The number before a text in what a process has said.
#[track_caller]
fn number_before(log: &str, text: &str) -> usize {
    let (before, _) = log.split_once(text).unwrap_or_else(|| panic!("no `{text}` in {log}"));
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap();
    digits.parse().unwrap_or_else(|_| panic!("no number before `{text}` in {log}"))
}

/// Nobody waits for ever for a client that does not read: neither is its queue full, nor does
/// it end.
#[test]
fn a_client_that_takes_nothing_after_the_end_of_stdin_is_cut_off() {
    const SIZE: usize = 2_000_000;
    let scene = Scene::new();
    let args = ["-k", "--broadcast", "--queue", "8M", "--grace", "300ms"];
    let hub = scene.listen("./s", args).input(data(SIZE)).start_listening();
    // Stdin is not read before there is a client, and this is the only one.
    let mut stuck = scene.wire("./s");
    let log = hub.end().ok().says("warning: connection 1: cut off").stderr;
    let unsent = number_before(&log, " bytes were not sent");
    let got = stuck.rest_whatever_happens();
    assert!(data(SIZE).starts_with(&got));
    assert_eq!(got.len() + unsent, SIZE, "{log}");
    assert_eq!(scene.files(), [""; 0]);
}

/// One that reads, if slowly, gets everything.
#[test]
fn a_client_that_reads_slowly_after_the_end_of_stdin_gets_everything() {
    const SIZE: usize = 6_000_000;
    let scene = Scene::new();
    let args = ["-k", "--broadcast", "--queue", "8M", "--grace", "3s"];
    let hub = scene.listen("./s", args).input(data(SIZE)).start_listening();
    let mut slow = scene.wire("./s");
    let (mut got, mut piece) = (Vec::new(), vec![0; 300_000]);
    for _ in 0..20 {
        // Longer than the grace time, all in all.
        thread::sleep(Duration::from_millis(200));
        slow.read_exact(&mut piece).unwrap();
        got.extend_from_slice(&piece);
    }
    assert!(got == data(SIZE));
    assert_eq!(slow.rest(), b"");
    hub.end().ok().does_not_say("warning");
}

/// How much of what was sent the hub has not read yet.
#[cfg(target_os = "linux")]
fn unread(client: &Wire) -> i32 {
    use rustix::ioctl::{Getter, ioctl};
    const TIOCOUTQ: u32 = 0x5411;
    // SAFETY: TIOCOUTQ writes an int (`tty_ioctl(4)`, and `unix_ioctl` of Linux).
    unsafe { ioctl(client, Getter::<TIOCOUTQ, i32>::new()) }.unwrap()
}

/// Has clients send that many bytes, of which the output takes only some. They have all been
/// read by the hub when this returns; one client's line has not ended then.
#[cfg(target_os = "linux")]
fn send_to_blocked(scene: &Scene) -> (Vec<Wire>, usize) {
    let mut clients: Vec<_> = (0..3).map(|_| scene.wire("./s")).collect();
    let line = format!("{}\n", "z".repeat(99));
    let texts = [line.repeat(1500), line.repeat(700), "of a line".to_owned()];
    for (client, text) in clients.iter_mut().zip(&texts) {
        client.send(text);
    }
    wait_until("the hub has read everything", || clients.iter().all(|c| unread(c) == 0));
    (clients, texts.iter().map(String::len).sum())
}

/// A signal is followed by one grace time and not by two, and what was read and not written
/// is counted.
#[cfg(target_os = "linux")]
#[test]
fn the_grace_time_of_a_hub_whose_output_is_blocked() {
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let hub = scene.listen("./s", args).args(["--grace", "3s"]).open_input().unread_output();
        let mut hub = hub.start_listening();
        let (clients, sent) = send_to_blocked(&scene);
        let output = hub.take_output();
        let start = Instant::now();
        signal(&hub, Signal::TERM);
        let log = hub.end().died_of(Signal::TERM).stderr;
        assert!(start.elapsed() >= Duration::from_secs(3), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_millis(5500), "{:?}", start.elapsed());
        check_losses(&log, sent, output);
        drop(clients);
    }
}

/// What is reported adds up, and is what the output has got.
#[cfg(target_os = "linux")]
#[track_caller]
fn check_losses(log: &str, sent: usize, mut output: impl Read) {
    let mut got = Vec::new();
    output.read_to_end(&mut got).unwrap();
    let lost = number_before(log, " bytes could not be delivered to the output");
    let delivered = number_before(log, " bytes received");
    assert_eq!(lost + delivered, sent, "{log}");
    assert_eq!(delivered, got.len(), "{log}");
}

/// Where the output is blocked and then read again, nothing is lost.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_read_within_the_grace_time() {
    let scene = Scene::new();
    let hub = scene.listen("./s", MERGE).args(["--grace", "1m"]).unread_output();
    let mut hub = hub.start_listening();
    let (clients, sent) = send_to_blocked(&scene);
    let mut output = hub.take_output();
    signal(&hub, Signal::TERM);
    wait_until("the name has gone", || scene.files().is_empty());
    drop(clients);
    let mut got = Vec::new();
    output.read_to_end(&mut got).unwrap();
    hub.end().died_of(Signal::TERM).does_not_say("delivered");
    assert_eq!(got.len(), sent);
}

/// What waits to be written when the output fails is lost as well, and counted.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_fails_while_much_waits_for_it() {
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        // A TCP connection that is closed with something unread is reset: that is an error, where
        // a closed pipe is not.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_socket_recv_buffer_size(&listener, 4096).unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        set_socket_send_buffer_size(&theirs, 32 << 10).unwrap();
        let (mut output, _) = listener.accept().unwrap();
        let hub = scene.listen("./s", args).open_input().stdout(OwnedFd::from(theirs));
        let hub = hub.start_listening();
        let (clients, sent) = send_to_blocked(&scene);
        output.read_exact(&mut [0; 1000]).unwrap();
        drop(output);
        let log = hub.end().code(5).stderr;
        let lost = number_before(&log, " bytes could not be delivered to the output");
        assert_eq!(lost + number_before(&log, " bytes received"), sent, "{log}");
        assert_eq!(scene.files(), [""; 0]);
        drop(clients);
    }
}

/// A limit of the size of files is an error, and not the end by SIGXFSZ, which would leave the
/// socket file.
#[test]
fn an_output_file_that_reaches_its_limit() {
    const SIZE: usize = 1 << 20;
    let scene = Scene::new();
    for args in ["listen ./s -k --merge", "listen ./s -k", "listen ./s", "relay ./s -"] {
        let script = format!(r#"ulimit -f 1; exec "$0" {args} > out"#);
        let hub = scene.command("bash").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
        let hub = hub.open_input().start();
        let mut client = scene.wire("./s");
        // It may be told early that nobody reads.
        let _ = client.write_all(&b"line\n".repeat(SIZE / 5));
        if args.ends_with("-k") || args.starts_with("relay") {
            // One client's failure may be a warning only.
            drop(client);
        }
        let log = hub.end().code(5).stderr;
        assert!(number_before(&log, " bytes could not be delivered to the output") > 0);
        assert_eq!(number_before(&log, " bytes received"), 1024);
        assert_eq!(std::fs::metadata(scene.path("out")).unwrap().len(), 1024);
        assert_eq!(scene.files(), ["out"]);
    }
}

/// However small the pieces are in which stdin comes, and however many clients do not read.
#[cfg(target_os = "linux")]
#[test]
fn clients_that_do_not_read_take_little_memory() {
    const CLIENTS: usize = 100;
    const PIECES: usize = 5000;
    let scene = Scene::new();
    let mut hub = scene.listen("./s", BROADCAST).open_input().start_listening();
    let clients: Vec<_> = (0..CLIENTS).map(|_| scene.wire("./s")).collect();
    let_all_be_served(&mut hub, &clients.iter().collect::<Vec<_>>());
    let before = memory(&hub);
    let mut input = hub.take_input();
    let end = Instant::now() + DEADLINE;
    for piece in 0..PIECES {
        input.write_all(b"\n").unwrap();
        while ioctl_fionread(&input).unwrap() > 0 {
            assert!(Instant::now() < end, "piece {piece} is not read");
            thread::yield_now();
        }
    }
    let more = memory(&hub).saturating_sub(before);
    assert!(more < 6 << 20, "{more} bytes more");
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
