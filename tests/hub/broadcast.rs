//! Stdin is sent to all clients.

use super::BROADCAST;
#[cfg(target_os = "linux")]
use crate::harness::{DEADLINE, memory, open_files, wait_for_bytes};
use crate::harness::{Running, Scene, Wire, data, wait_until};
use rustix::io::ioctl_fionread;
#[cfg(target_os = "linux")]
use std::time::Instant;
use std::{
    io::{Read, Write},
    thread,
    time::Duration,
};

/// Sends a line of x until all clients are served, which is some time after they have connected.
#[track_caller]
fn wait_until_served(server: &mut Running, clients: &[&Wire]) {
    wait_until("all clients are served", || {
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

#[test]
fn each_client_gets_the_input_from_its_connection_on() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").args(BROADCAST).open_input().start_listening();
    let mut clients: Vec<Wire> = Vec::new();
    for round in 0..5 {
        clients.push(scene.wire("./s"));
        wait_until_served(&mut server, &[&clients[round]]);
        for client in &mut clients {
            assert_eq!(read_line(client).trim_matches('x'), "\n");
        }
        server.send(format!("round {round}\n"));
        for client in &mut clients {
            assert_eq!(read_line(client), format!("round {round}\n"));
        }
    }
    // No queue is full if each piece is read before the next one is sent.
    for piece in data(3_000_000).chunks(300_000) {
        server.send(piece);
        clients.iter_mut().for_each(|client| client.expect(piece));
    }
    server.send("the end");
    server.close_input();
    for client in &mut clients {
        client.expect_rest("the end");
    }
    server.end().ok();
    scene.expect_empty();
}

#[test]
fn stdin_is_not_read_while_there_is_no_client() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").args(BROADCAST).open_input().start_listening();
    server.send("for the first");
    let input = server.take_input();
    assert_eq!(ioctl_fionread(&input).unwrap(), 13);
    let mut client = scene.wire("./s");
    client.expect("for the first");
    // A hub that only broadcasts ends with its input.
    drop(input);
    client.expect_rest("");
    server.end().ok();
    let server = scene.listen("./s").args(BROADCAST).input("of a file").start_listening();
    scene.wire("./s").expect_rest("of a file");
    server.end().ok();
}

/// The other clients do not wait for it.
#[test]
fn a_client_that_does_not_read_is_cut_off() {
    const SIZE: usize = 8_000_000;
    for also in [&[][..], &["--merge"]] {
        let scene = Scene::new();
        let args = [&["-k", "--broadcast", "--queue", "200K"], also].concat();
        let mut server = scene.listen("./s").args(args).open_input().start_listening();
        let mut stuck = scene.wire("./s");
        let mut good: Vec<_> = (0..3).map(|_| scene.wire("./s")).collect();
        let all: Vec<_> = good.iter().chain([&stuck]).collect();
        wait_until_served(&mut server, &all);
        good.iter_mut().for_each(|client| assert_eq!(read_line(client).trim_matches('x'), "\n"));
        let bytes = data(SIZE);
        for piece in bytes.chunks(50_000) {
            server.send(piece);
            good.iter_mut().for_each(|client| client.expect(piece));
        }
        server.wait_for_message("warning: connection 1: cut off");
        let received = stuck.rest_whatever_happens();
        assert!(received.len() < SIZE / 2, "{} bytes", received.len());
        let line = received.iter().position(|byte| *byte == b'\n').unwrap();
        let (line, beginning) = received.split_at(line + 1);
        assert!(line.trim_ascii_end().iter().all(|byte| *byte == b'x'));
        assert!(bytes.starts_with(beginning));
        assert_eq!(server.log().matches("cut off").count(), 1);
    }
}

/// Its queue has room for everything.
#[test]
fn a_client_that_does_not_read_is_cut_off_after_the_end_of_stdin() {
    const SIZE: usize = 2_000_000;
    let scene = Scene::new();
    let args = ["-k", "--broadcast", "--queue", "8M", "--grace", "300ms"];
    let hub = scene.listen("./s").args(args).input(data(SIZE)).start_listening();
    let mut stuck = scene.wire("./s");
    let outcome = hub.end().ok().says("warning: connection 1: cut off");
    let unsent = outcome.number_before(" bytes were not sent");
    let received = stuck.rest_whatever_happens();
    assert!(data(SIZE).starts_with(&received));
    assert_eq!(received.len() + unsent, SIZE, "{}", outcome.report());
    scene.expect_empty();
}

#[test]
fn a_client_that_reads_slowly_after_the_end_of_stdin_gets_everything() {
    const SIZE: usize = 6_000_000;
    let scene = Scene::new();
    let args = ["-k", "--broadcast", "--queue", "8M", "--grace", "3s"];
    let hub = scene.listen("./s").args(args).input(data(SIZE)).start_listening();
    let mut slow = scene.wire("./s");
    let (mut received, mut piece) = (Vec::new(), vec![0; 300_000]);
    for _ in 0..20 {
        // Time is the subject: all pauses together are longer than the grace time.
        thread::sleep(Duration::from_millis(200));
        slow.read_exact(&mut piece).unwrap();
        received.extend_from_slice(&piece);
    }
    assert!(received == data(SIZE));
    slow.expect_rest("");
    hub.end().ok().does_not_say("warning");
}

/// A queue does not hold each small piece of stdin in a buffer of full size.
#[cfg(target_os = "linux")]
#[test]
fn clients_that_do_not_read_take_little_memory() {
    const CLIENTS: usize = 100;
    const PIECES: usize = 5000;
    let scene = Scene::new();
    let mut hub = scene.listen("./s").args(BROADCAST).open_input().start_listening();
    let clients: Vec<_> = (0..CLIENTS).map(|_| scene.wire("./s")).collect();
    wait_until_served(&mut hub, &clients.iter().collect::<Vec<_>>());
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

/// Returns whether the thread `input` is blocked in a call with a descriptor, `read(2)`, and not in
/// one with an address, `futex(2)` (`proc_pid_syscall(5)`).
#[cfg(target_os = "linux")]
fn reads_stdin(hub: &Running) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", hub.pid())).unwrap();
    tasks.flatten().map(|task| task.path()).any(|task| {
        let text = |name| std::fs::read_to_string(task.join(name)).unwrap_or_default();
        let call = text("syscall");
        let argument = call.split_whitespace().nth(1).and_then(|word| word.strip_prefix("0x"));
        let argument = argument.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        text("comm").trim_end() == "input" && argument.is_some_and(|argument| argument < 1000)
    })
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_that_were_read_for_a_closed_client_are_counted() {
    let scene = Scene::new();
    let mut hub = scene.listen("./s").args(BROADCAST).open_input().start_listening();
    let mut client = scene.wire("./s");
    hub.send("taken");
    client.expect("taken");
    wait_until("the hub reads stdin", || reads_stdin(&hub));
    let before = open_files(&hub);
    drop(client);
    wait_until("the hub has closed the connection", || open_files(&hub) < before);
    hub.send("lost");
    let input = hub.take_input();
    wait_for_bytes(&input, 0);
    hub.terminate().says("warning: 4 bytes were read from stdin and not sent");
}

#[test]
fn an_input_that_cannot_be_read_is_status_1() {
    let scene = Scene::new();
    let folder = std::fs::File::open(scene.folder()).unwrap();
    let hub = scene.listen("./s").args(BROADCAST).stdin(folder).start_listening();
    scene.wire("./s").expect_rest("");
    hub.end().code(1).says("cannot read the input: is a directory");
}

/// It gets nothing more, although it stays connected: the next client gets what follows.
#[cfg(target_os = "linux")]
#[test]
fn a_client_that_has_shut_down_receiving_is_no_receiver() {
    use std::{net::Shutdown, os::unix::net::UnixStream};
    let scene = Scene::new();
    let args = ["-k", "--merge", "--broadcast"];
    let mut server = scene.listen("./s").args(args).open_input().start_listening();
    let mut deaf = UnixStream::connect(scene.path("s")).unwrap();
    deaf.shutdown(Shutdown::Read).unwrap();
    deaf.write_all(b"here\n").unwrap();
    server.wait_for_output("here\n");
    server.send("one\n");
    server.wait_for_message("connection 1: gone");
    server.send("two\n");
    scene.wire("./s").expect("two\n");
}
