//! What cannot be delivered is said and counted; what arrived is delivered.

use crate::harness::{
    Running, Scene, data, numbers, signal, wait_for_bytes, wait_for_file, wait_until,
    within_the_deadline,
};
#[cfg(target_os = "linux")]
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::{io::ioctl_fionread, process::Signal};
use std::{
    fs::File,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    thread,
    time::Duration,
};

const NO_ARGS: [&str; 0] = [];

/// Accepts one client, reads a little and closes.
fn start_leaving_server(scene: &Scene, reads: usize) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut vec![0; reads]).unwrap();
    })
}

/// A client that has sent 4 bytes and keeps its input open, and the server's unread socket.
fn client_that_has_sent(scene: &Scene) -> (Running, UnixStream) {
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let mut client = scene.connect("./s", NO_ARGS).open_input().start();
    let (stream, _) = listener.accept().unwrap();
    client.send("lost");
    wait_for_bytes(&stream, 4);
    (client, stream)
}

#[test]
fn a_server_that_closes_while_much_is_sent() {
    const SIZE: usize = 5_000_000;
    for args in [&[][..], &["--copy", "buffer"], &["--send-only"], &["--linger", "1m"]] {
        let scene = Scene::new();
        let server = start_leaving_server(&scene, 1000);
        let outcome = scene.connect("./s", args).input(data(SIZE)).run().fails(5);
        let counts = numbers(&outcome.stderr);
        outcome.says("be delivered to the peer").says("bytes sent)");
        assert!(counts.iter().any(|count| (1..=SIZE).contains(count)), "{counts:?}");
        server.join().unwrap();
    }
}

/// With a file on stdin it is known exactly how much was not even sent.
#[test]
fn of_a_file_every_byte_is_accounted_for() {
    const SIZE: usize = 5_000_000;
    let scene = Scene::new();
    std::fs::write(scene.path("in"), data(SIZE)).unwrap();
    for args in [&[][..], &["--buffer", "1000"], &["--send-only"]] {
        let server = start_leaving_server(&scene, 1000);
        let input = File::open(scene.path("in")).unwrap();
        let outcome = scene.connect("./s", args).stdin(input).run().fails(5);
        let counts = numbers(&outcome.stderr);
        assert_eq!(counts.iter().sum::<usize>(), SIZE, "{}", outcome.stderr);
        server.join().unwrap();
        std::fs::remove_file(scene.path("s")).unwrap();
    }
}

/// One that ends both directions, and closes a little later, while our input is silent: at
/// first nothing but an end of file is to be seen.
#[test]
fn a_server_that_ends_both_directions_before_it_closes() {
    const SIZE: usize = 50_000;
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let mut client = scene.connect("./s", NO_ARGS).open_input().start();
    let (stream, _) = listener.accept().unwrap();
    client.take_input().write_all(&data(SIZE)).unwrap();
    wait_for_bytes(&stream, SIZE as u64);
    stream.shutdown(Shutdown::Both).unwrap();
    // What is not to be seen yet cannot be waited for.
    thread::sleep(Duration::from_millis(50));
    drop(stream);
    client.end().code(5).says("be delivered to the peer");
}

/// One that ends both directions, reads nothing, and closes late or never.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_ends_both_directions_and_does_not_close() {
    for (input_ends, closes) in [(false, false), (true, false), (false, true), (true, true)] {
        let scene = Scene::new();
        let (mut client, stream) = client_that_has_sent(&scene);
        if input_ends {
            client.close_input();
            wait_until("its end is there", || is_half_closed(&stream));
        }
        stream.shutdown(Shutdown::Both).unwrap();
        let open = if closes {
            // Longer than it takes to look a few times. There is nothing to wait for.
            thread::sleep(Duration::from_millis(1500));
            drop(stream);
            None
        } else {
            Some(stream)
        };
        let outcome = client.end().fails(5).says("not everything could be delivered to the peer");
        let why = if closes { "has closed" } else { "has not read the rest (4 bytes sent)" };
        outcome.says(why);
        drop(open);
    }
}

/// Whether the peer has ended its direction.
#[cfg(target_os = "linux")]
fn is_half_closed(stream: &UnixStream) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut fds = [PollFd::new(stream, PollFlags::RDHUP)];
    poll(&mut fds, Some(&now)).unwrap() > 0
}

/// A server that has nothing to say ends its direction first, and reads slowly.
#[test]
fn a_server_that_reads_slowly_after_it_has_ended_its_direction() {
    const SIZE: usize = 50_000;
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    for args in [&[][..], &["--eof", "close"], &["--send-only"]] {
        let client = scene.connect("./s", args).input(data(SIZE)).start();
        let (mut stream, _) = listener.accept().unwrap();
        // With --eof close its end would be that of the client's input, too.
        wait_for_bytes(&stream, SIZE as u64);
        stream.shutdown(Shutdown::Write).unwrap();
        let mut received = vec![0; SIZE];
        for piece in received.chunks_mut(SIZE / 5) {
            thread::sleep(Duration::from_millis(300));
            stream.read_exact(piece).unwrap();
        }
        assert!(received == data(SIZE));
        client.end().silent();
    }
}

/// What was taken from the peer and can be written to nobody when a limit is reached.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_that_is_reached_while_the_output_is_blocked() {
    const SIZE: usize = 1_000_000;
    for limit in [&["--idle-timeout", "2s"][..], &["--linger", "1m", "--idle-timeout", "2s"]] {
        let scene = Scene::new();
        let listener = UnixListener::bind(scene.path("s")).unwrap();
        let client = scene.connect("./s", ["--copy", "buffer"]).args(limit);
        let mut client = client.open_input().unread_output().start();
        let (mut stream, _) = listener.accept().unwrap();
        let mut output = client.take_output();
        let writes = thread::spawn(move || {
            let bytes = data(SIZE);
            let mut sent = 0;
            while let Ok(written @ 1..) = stream.write(&bytes[sent..]) {
                sent += written;
            }
            sent
        });
        let outcome = client.end().fails(5).says("could not be delivered to the output");
        let counts = numbers(&outcome.stderr);
        let [lost, delivered] = counts[..] else { panic!("{}", outcome.stderr) };
        let mut received = Vec::new();
        output.read_to_end(&mut received).unwrap();
        assert!(received == data(SIZE)[..received.len()]);
        assert_eq!(delivered, received.len(), "{}", outcome.stderr);
        let sent = writes.join().unwrap();
        assert!((1..=sent - delivered).contains(&lost), "{lost} of {sent}, {delivered} delivered");
    }
}

/// The same at the end of the grace time.
#[cfg(target_os = "linux")]
#[test]
fn a_listener_that_is_ended_while_its_output_is_blocked() {
    for keeps_open in [&[][..], &["-k"]] {
        let scene = Scene::new();
        // With a limit it is known to the byte what a blocked output has taken.
        let args = ["--copy", "buffer", "--idle-timeout", "1m", "--grace", "200ms"];
        let server = scene.listen("./s", args).args(keeps_open).open_input().unread_output();
        let mut server = server.start_listening();
        let mut output = server.take_output();
        let mut client = scene.dial("s");
        let writes = thread::spawn(move || client.write_all(&data(1_000_000)).is_err());
        wait_until("the pipe is full", || ioctl_fionread(&output).unwrap() >= 60_000);
        signal(&server, Signal::TERM);
        let outcome = server.end().died_of(Signal::TERM).says("be delivered to the output: ");
        let line = outcome.stderr.lines().find(|line| line.contains("not be delivered")).unwrap();
        let [lost, delivered] = numbers(line)[..] else { panic!("{line}") };
        let mut received = Vec::new();
        output.read_to_end(&mut received).unwrap();
        assert_eq!(delivered, received.len(), "{line}");
        assert!((1..1_000_000 - delivered).contains(&lost), "{line}");
        assert!(writes.join().unwrap());
    }
}

/// The same the other way round: what was read from the input, and the peer does not take.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_that_is_reached_while_the_peer_is_blocked() {
    use std::io::Seek;
    const SIZE: usize = 5_000_000;
    let scene = Scene::new();
    std::fs::write(scene.path("in"), data(SIZE)).unwrap();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let input = File::open(scene.path("in")).unwrap();
    let args = ["--copy", "buffer", "--idle-timeout", "2s"];
    let client = scene.connect("./s", args).stdin(input.try_clone().unwrap()).start();
    let (mut stream, _) = listener.accept().unwrap();
    let outcome = client.end().fails(5).says("could not be delivered to the peer");
    let counts = numbers(&outcome.stderr);
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    let [lost, delivered] = counts[..] else { panic!("{}", outcome.stderr) };
    assert_eq!(delivered, received.len());
    let read = usize::try_from((&input).stream_position().unwrap()).unwrap();
    assert_eq!(lost + delivered, read, "{}", outcome.stderr);
}

#[test]
fn a_client_that_closes_while_much_is_sent_to_it() {
    for args in [&[][..], &["--copy", "buffer"]] {
        let scene = Scene::new();
        let server = scene.listen("./s", args).input(data(5_000_000)).start_listening();
        let mut client = scene.dial("s");
        client.read_exact(&mut [0; 1000]).unwrap();
        drop(client);
        server.end().code(5).says("be delivered to the peer");
        assert_eq!(scene.files(), [""; 0]);
    }
}

/// It has read nothing, and closes: what was sent is lost although sending it worked.
#[test]
fn a_peer_that_closes_without_reading() {
    let scene = Scene::new();
    let (client, stream) = client_that_has_sent(&scene);
    drop(stream);
    client.end().fails(5).says("could be delivered");
}

/// The same for who does not receive, and so is not told by reading.
#[test]
fn a_peer_that_closes_without_reading_what_a_mere_sender_sends() {
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let mut client = scene.connect("./s", ["--send-only"]).open_input().start();
    let (stream, _) = listener.accept().unwrap();
    client.send("lost");
    wait_for_bytes(&stream, 4);
    drop(stream);
    client.end().fails(5).says("could be delivered");
}

/// Nothing is lost if there was nothing: also if it is `/dev/null` that is read.
#[test]
fn a_server_that_closes_at_once_when_nothing_is_sent() {
    let scene = Scene::new();
    std::fs::write(scene.path("empty"), "").unwrap();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let server = thread::spawn(move || {
        for _ in 0..60 {
            drop(listener.accept().unwrap());
        }
    });
    for _ in 0..20 {
        scene.connect("./s", NO_ARGS).run().silent().output("");
        scene.connect("./s", NO_ARGS).input("").run().silent().output("");
        let empty = File::open(scene.path("empty")).unwrap();
        scene.connect("./s", NO_ARGS).stdin(empty).run().silent().output("");
    }
    server.join().unwrap();
}

#[test]
fn a_killed_receiver() {
    let scene = Scene::new();
    std::fs::write(scene.path("in"), data(5_000_000)).unwrap();
    let server = scene.listen("./s", NO_ARGS).unread_output().start_listening();
    let input = File::open(scene.path("in")).unwrap();
    let client = scene.connect("./s", ["-v"]).stdin(input).start();
    server.wait_for_message("connection 1 ");
    server.kill();
    client.end().code(5).says("could not be delivered");
}

/// Whatever had been sent when the sender was killed is delivered.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_sender() {
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"]] {
        let bytes = data(50_000);
        let server = scene.listen("./s", args).open_input().start_listening();
        let mut client = scene.connect("./s", NO_ARGS).open_input().start();
        client.send("x");
        server.wait_for_output("x");
        signal(&server, Signal::STOP);
        client.send(&bytes);
        // What is spliced from a pipe leaves it when it is in the socket.
        let input = client.take_input();
        wait_for_bytes(&input, 0);
        client.kill();
        signal(&server, Signal::CONT);
        let outcome = server.end().ok();
        assert!(outcome.stdout[1..] == bytes, "{} bytes", outcome.stdout.len());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output() {
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"], &["-k"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let server = scene.listen("./s", args).open_input().stdout(full).start_listening();
        // The other side may notice before it has sent everything.
        let client = scene.connect("./s", NO_ARGS).input(data(100_000)).start();
        let outcome = server.end().code(5).says("no space left").says("to the output");
        assert!(outcome.stderr.contains("not be delivered"), "{}", outcome.stderr);
        assert_eq!(scene.files(), [""; 0]);
        drop(client);
    }
}

/// As `lsock ... | head -c 1`
#[test]
fn an_output_that_is_closed_early_is_no_failure() {
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"], &["-k"], &["--linger", "1m"]] {
        let mut server = scene.listen("./s", args).open_input().unread_output().start_listening();
        let mut client = scene.dial("s");
        let writer = thread::spawn(move || while client.write_all(&[7; 10_000]).is_ok() {});
        server.take_output().read_exact(&mut [0]).unwrap();
        let outcome = server.end().ok();
        assert!(!outcome.stderr.contains("deliver"), "{}", outcome.stderr);
        assert!(within_the_deadline(|| writer.join().unwrap()).is_some());
        assert_eq!(scene.files(), [""; 0]);
    }
}

#[test]
fn in_a_pipeline_with_head() {
    let scene = Scene::new();
    let _server = scene.listen("./s", ["-k", "--", "yes"]).start_listening();
    let script = r#"{ "$0" connect ./s; echo status $? >&2; } | head -n 2"#;
    let shell = scene.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_lsock")]);
    let outcome = shell.open_input().run().ok().output("y\ny\n");
    assert_eq!(outcome.stderr, "status 0\n");
}

#[test]
fn an_input_that_cannot_be_read() {
    let scene = Scene::new();
    let server = scene.listen("./s", NO_ARGS).start_listening();
    let folder = File::open(scene.folder()).unwrap();
    scene.connect("./s", NO_ARGS).stdin(folder).run().fails(1).says("input").says("directory");
    server.end().ok();
}

#[test]
fn standard_streams_that_are_closed() {
    let scene = Scene::new();
    let server = scene.listen("./s", ["-k", "--", "cat"]).start_listening();
    // Only what is received is lost: a closed input is at its end.
    for (closed, status) in
        [("<&-", 0), (">&-", 5), ("<&- >&-", 0), ("<&- >&- 2>&-", 0), (">&- 2>&-", 5)]
    {
        let script = format!(r#"exec "$0" connect ./s {closed}"#);
        let shell = scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
        shell.input("hi").run().code(status);
    }
    drop(server);
}

/// What is received is not lost in silence, whichever command receives it.
#[test]
fn an_output_that_was_closed_from_the_start_is_told_of_once_data_comes() {
    // The command, and the name that it listens on, if it does.
    let commands = [
        ("connect ./echo", None),
        ("connect ./echo --copy buffer", None),
        ("listen ./s", Some("s")),
        ("listen ./s -k", Some("s")),
        ("listen ./s -k --merge", Some("s")),
        ("relay ./s -", Some("s")),
        ("relay ./s - --once", Some("s")),
        ("relay - ./echo", None),
    ];
    for (command, name) in commands {
        let scene = Scene::new();
        let _echo = scene.listen("./echo", ["-k", "--", "cat"]).start_listening();
        let script = format!(r#"exec "$0" {command} >&-"#);
        let shell = scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
        let running = match name {
            Some(name) => {
                let running = shell.open_input().start();
                wait_for_file(&scene.path(name));
                scene.dial(name).write_all(b"hi\n").unwrap();
                running
            }
            None => shell.input("hi\n").start(),
        };
        let outcome = running.end().code(5).says("standard output is closed");
        assert!(outcome.stderr.contains("3 bytes could not be delivered"), "{}", outcome.report());
    }
}

#[test]
fn an_output_that_was_closed_from_the_start_is_fine_without_data() {
    let scene = Scene::new();
    let close = |command: &str| {
        let script = format!(r#"exec "$0" {command} >&-"#);
        scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")])
    };
    let server = scene.listen("./sink", ["-k", "--", "sh", "-c", "cat >&2"]).start_listening();
    close("connect ./sink").input("hi").run().silent();
    close("relay - ./sink").input("hi").run().silent();
    drop(server);
    let server = close("listen ./s").input("hi").start();
    wait_for_file(&scene.path("s"));
    scene.connect("./s", NO_ARGS).run().silent().output("hi");
    server.end().silent();
}

#[test]
fn what_is_asked_for_is_not_lost_in_a_closed_output() {
    let scene = Scene::new();
    let commands = ["--help", "--version", "completions bash", "listen ./s --explain", "bench"];
    for command in commands {
        let script = format!(r#"exec "$0" {command} >&-"#);
        let shell = scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
        shell.run().fails(1).says("cannot write to standard output: standard output is closed");
    }
    assert!(scene.files().is_empty());
}

/// The loss of the only client is said although the process ends by the signal.
#[test]
fn the_loss_of_the_only_client_at_the_end_of_the_grace_time() {
    let scene = Scene::new();
    let server = scene.listen("./s", ["--grace", "100ms"]).input(data(5_000_000)).start_listening();
    let mut client = scene.wire("./s");
    client.expect(data(1));
    signal(&server, Signal::TERM);
    server.end().died_of(Signal::TERM).says("could not be delivered to the peer: ");
}
