//! The end of a hub: failed and blocked outputs, signals, and the count of what is lost.

use super::{BROADCAST, HUB, MERGE, number_before};
use crate::harness::{Scene, Wire, data, signal, wait_until};
use rustix::process::Signal;
use std::{
    io::{Read, Write},
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

#[test]
fn head_ends_it_quietly() {
    let scene = Scene::new();
    for args in ["--merge", "--merge --broadcast"] {
        let script = format!(r#"{{ "$0" listen ./s -k {args}; echo status $? >&2; }} | head -n 1"#);
        let shell = scene.shell(&script);
        let running = shell.open_input().start();
        let mut client = scene.wire("./s");
        let writes = thread::spawn(move || while client.write_all(b"a line\n").is_ok() {});
        let outcome = running.end().ok().output("a line\n");
        assert_eq!(outcome.stderr, "status 0\n");
        writes.join().unwrap();
        scene.expect_empty();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output() {
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let server = scene.listen("./s").args(args).open_input().stdout(full).start_listening();
        let mut client = scene.wire("./s");
        client.send("lost\n");
        let outcome = server.end().code(5).says("5 bytes could not be delivered to the output");
        outcome.says("no space left");
        assert_eq!(client.rest_whatever_happens(), b"");
        scene.expect_empty();
    }
}

#[test]
fn signals_end_it_and_what_was_sent_is_written() {
    let scene = Scene::new();
    for args in [&MERGE[..], &BROADCAST, &HUB] {
        let server = scene.listen("./s").args(args).open_input().start_listening();
        server.terminate().output("");
        scene.expect_empty();
    }
    let server = scene.listen("./s").args(MERGE).args(["--grace", "1m"]).start_listening();
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
    let server = scene.listen("./s").args(HUB).args(["--grace", "200ms"]).open_input();
    let server = server.start_listening();
    let mut client = scene.wire("./s");
    client.send("x\n");
    server.wait_for_output("x\n");
    server.terminate().says("within the grace time");
    assert_eq!(client.rest_whatever_happens(), b"");
}

/// They waited to be accepted when it came.
#[test]
fn lines_of_clients_that_had_connected_before_a_signal() {
    const COUNT: usize = 8;
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let server = scene.listen("./s").args(args).open_input().start_listening();
        signal(&server, Signal::STOP);
        let sender = scene.connect("./s").args(["-v", "--send-only"]).input("line\n").start();
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
        scene.expect_empty();
    }
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
        let hub =
            scene.listen("./s").args(args).args(["--grace", "3s"]).open_input().unread_output();
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
    let hub = scene.listen("./s").args(MERGE).args(["--grace", "1m"]).unread_output();
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
        let hub = scene.listen("./s").args(args).open_input().stdout(OwnedFd::from(theirs));
        let hub = hub.start_listening();
        let (clients, sent) = send_to_blocked(&scene);
        output.read_exact(&mut [0; 1000]).unwrap();
        drop(output);
        let log = hub.end().code(5).stderr;
        let lost = number_before(&log, " bytes could not be delivered to the output");
        assert_eq!(lost + number_before(&log, " bytes received"), sent, "{log}");
        scene.expect_empty();
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
