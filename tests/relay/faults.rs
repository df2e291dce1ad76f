//! Clients and targets of a relay that are killed, that leave, that are slow, or not there.

use crate::harness::{Scene, data, signal, wait_until, within_the_deadline};
#[cfg(target_os = "linux")]
use crate::harness::{Wire, peak_memory};
#[cfg(target_os = "linux")]
use local_socket::os::unix::unread;
#[cfg(target_os = "linux")]
use rustix::net::{Shutdown, shutdown};
use rustix::{
    io::ioctl_fionread,
    process::{Pid, Signal, kill_process},
};
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

#[cfg(target_os = "linux")]
const WAYS: [&[&str]; 3] = [&[], &["--copy", "buffer"], &["--copy", "splice"]];
#[cfg(not(target_os = "linux"))]
const WAYS: [&[&str]; 1] = [&[]];

/// The numbers in a text.
fn numbers(text: &str) -> Vec<usize> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}

/// Whatever had been sent when the sender was killed is delivered.
#[test]
fn a_killed_client() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    for way in WAYS {
        let relay = scene.relay("./s", [&target]).args(way).start_listening();
        let bytes = data(50_000);
        let mut client = scene.connect("./s", [""; 0]).open_input().start();
        client.send("x");
        let mut wire = host.accept();
        wire.expect("x");
        signal(&relay, Signal::STOP);
        client.send(&bytes);
        // What is spliced from a pipe leaves it when it is in the socket.
        let input = client.take_input();
        wait_until("it is sent", || ioctl_fionread(&input).unwrap() == 0);
        client.kill();
        signal(&relay, Signal::CONT);
        let received = wire.rest();
        assert!(received == bytes, "{way:?}: {} bytes", received.len());
        relay.wait_for_message("connection 1: 50001 bytes to the target");
    }
}

#[test]
fn a_killed_target() {
    let scene = Scene::new();
    // It has the connection, and reads nothing.
    let args = ["--", "sh", "-c", "echo $$; exec sleep 600"];
    for way in WAYS {
        let _target = scene.listen("./t", args).start_listening();
        let relay = scene.relay("./s", ["./t", "--once"]).args(way).start_listening();
        let mut client = scene.wire("./s");
        let mut pid = String::new();
        BufReader::new(client.another()).read_line(&mut pid).unwrap();
        let (sent, bytes) = (AtomicUsize::new(0), data(5_000_000));
        let mut writer = client.another();
        thread::scope(|scope| {
            let (sent, bytes) = (&sent, &bytes);
            let writes = scope.spawn(move || {
                bytes.chunks(10_000).try_for_each(|piece| {
                    writer.write_all(piece)?;
                    sent.fetch_add(piece.len(), Relaxed);
                    io::Result::Ok(())
                })
            });
            // More than one socket holds.
            wait_until("the relay has some of it", || sent.load(Relaxed) > 300_000);
            let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
            assert_eq!(client.rest_whatever_happens(), b"");
            assert!(writes.join().unwrap().is_err());
        });
        let outcome = relay.end().code(5).says("be delivered to the target: ");
        outcome.says("bytes delivered)");
    }
}

/// As nc, which says that all is well.
#[test]
fn a_target_that_closes_while_much_is_sent() {
    const SIZE: usize = 5_000_000;
    let scene = Scene::new();
    for way in WAYS {
        for kind in ["./t", "tcp:127.0.0.1:0"] {
            let (host, target) = scene.host(kind);
            let relay = scene.lsock(["relay", "./s", &target, "--once"]).args(way).start();
            let mut client = scene.wire("./s");
            let sent = data(SIZE);
            let writes = thread::spawn(move || {
                let _ = client.write_all(&sent);
                client.rest_whatever_happens()
            });
            let mut wire = host.accept();
            wire.expect(data(1000));
            drop(wire);
            let outcome = relay.end().fails(5).says("be delivered to the target: ");
            let counts = numbers(&outcome.stderr);
            assert!(counts.iter().any(|count| (1000..SIZE).contains(count)), "{counts:?}");
            assert!(counts.iter().sum::<usize>() <= SIZE, "{counts:?}");
            assert!(within_the_deadline(|| writes.join().unwrap()).is_some());
            let _ = fs::remove_file(scene.path("t"));
        }
    }
}

/// A target that ends both directions, reads nothing, and closes late or never.
#[cfg(target_os = "linux")]
#[test]
fn a_target_that_ends_both_directions_and_does_not_close() {
    for (closes, once) in [(true, true), (false, true), (true, false)] {
        let scene = Scene::new();
        let (host, target) = scene.host("./t");
        let relay = scene.lsock(["relay", "./s", &target]).args(once.then_some("--once")).start();
        let mut client = scene.wire("./s");
        client.send("lost");
        let wire = host.accept();
        wait_until("it is there", || ioctl_fionread(&wire).unwrap() == 4);
        shutdown(&wire, Shutdown::Both).unwrap();
        // The client is not kept until it is decided.
        assert_eq!(client.rest(), b"");
        wait_until("the client's connection is closed", || client.write(b"x").is_err());
        if closes {
            // What is not to be seen yet cannot be waited for.
            thread::sleep(Duration::from_millis(100));
        }
        let open = (!closes).then_some(wire);
        let why = if closes { "has closed" } else { "has not read the rest (4 bytes delivered)" };
        let text = "not everything could be delivered to the target: the peer ";
        if once {
            relay.end().fails(5).says(text).says(why);
        } else {
            relay.wait_for_message(&format!("warning: connection 1: {text}{why}"));
        }
        drop(open);
    }
}

/// The same of a client, with what it was answered.
#[cfg(target_os = "linux")]
#[test]
fn a_client_that_ends_both_directions_and_does_not_close() {
    for closes in [true, false] {
        let scene = Scene::new();
        let (host, target) = scene.host("./t");
        let relay = scene.lsock(["relay", "./s", &target, "--once"]).start();
        let client = scene.wire("./s");
        let mut wire = host.accept();
        wire.send("answer");
        wait_until("it is there", || ioctl_fionread(&client).unwrap() == 6);
        shutdown(&client, Shutdown::Both).unwrap();
        assert_eq!(wire.rest(), b"");
        drop(wire);
        if closes {
            // What is not to be seen yet cannot be waited for.
            thread::sleep(Duration::from_millis(100));
        }
        let open = (!closes).then_some(client);
        let why = if closes { "has closed" } else { "has not read the rest (6 bytes delivered)" };
        let text = "not everything could be delivered to the client: the peer ";
        relay.end().fails(5).says(text).says(why);
        drop(open);
    }
}

/// The thread that writes to stdout is left behind with what it holds, and with what waits.
#[cfg(target_os = "linux")]
#[test]
fn a_blocked_stdout_at_the_end_of_the_grace_time() {
    // More than a pipe and the sockets hold.
    const SIZE: usize = 5_000_000;
    let scene = Scene::new();
    let relay = scene.relay("./s", ["-", "--grace", "1s"]);
    let mut relay = relay.open_input().unread_output().start_listening();
    let mut output = relay.take_output();
    let client = scene.wire("./s");
    let mut writer = client.another();
    let writes = thread::spawn(move || writer.write_all(&data(SIZE)).is_err());
    // The relay reads no more only when it is full itself.
    wait_until("nothing goes on", || {
        ioctl_fionread(&output).unwrap() > 60_000 && unread(client.as_fd()).unwrap() > 150_000
    });
    signal(&relay, Signal::TERM);
    let outcome = relay.end().died_of(Signal::TERM).says("could not be delivered to the output: ");
    let line = outcome.stderr.lines().find(|line| line.contains("not be delivered")).unwrap();
    let counts = numbers(line.split_once("connection 1: ").unwrap().1);
    let [lost, delivered] = counts[..] else { panic!("{line}") };
    let mut received = Vec::new();
    output.read_to_end(&mut received).unwrap();
    assert!(received == data(SIZE)[..received.len()]);
    assert_eq!(delivered, received.len(), "{line}");
    assert!((1..SIZE - delivered).contains(&lost), "{line}");
    assert!(writes.join().unwrap());
}

/// The grace time holds for what is not decided, too.
#[cfg(target_os = "linux")]
#[test]
fn an_undecided_target_does_not_outlast_the_grace_time() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.lsock(["relay", "./s", &target, "--grace", "100ms"]).start();
    let mut client = scene.wire("./s");
    client.send("lost");
    let wire = host.accept();
    wait_until("it is there", || ioctl_fionread(&wire).unwrap() == 4);
    shutdown(&wire, Shutdown::Both).unwrap();
    assert_eq!(client.rest(), b"");
    wait_until("the client's connection is closed", || client.write(b"x").is_err());
    let start = Instant::now();
    signal(&relay, Signal::TERM);
    let outcome = relay.end().died_of(Signal::TERM);
    outcome.says("the peer has shut down the connection and has not read the rest");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_client_that_closes_while_much_is_sent_to_it() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let _serving = host.serve(|mut wire| {
        let _ = wire.write_all(&data(5_000_000));
    });
    for way in WAYS {
        for args in [&["--once"][..], &[]] {
            let relay = scene.relay("./s", [&target]).args(way).args(args).start_listening();
            let mut client = scene.wire("./s");
            client.expect(data(1000));
            drop(client);
            if args.is_empty() {
                // For the others it goes on.
                relay.wait_for_message("warning: connection 1: ");
                relay.wait_for_message("be delivered to the client: ");
                assert!(scene.wire("./s").rest() == data(5_000_000));
            } else {
                relay.end().code(5).says("be delivered to the client: ");
            }
        }
    }
}

/// It has read nothing, and closes: what was sent is lost although sending it worked.
#[test]
fn a_target_that_closes_without_reading() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    for args in [&[][..], &["--send-only"], &["--copy", "buffer"]] {
        let relay = scene.lsock(["relay", "./s", &target, "--once"]).args(args).start();
        let mut client = scene.wire("./s");
        let wire = host.accept();
        client.send("lost");
        wait_until("it is there", || ioctl_fionread(&wire).unwrap() == 4);
        drop(wire);
        if args == ["--send-only"] {
            // The target is not read: only sending or the end can tell.
            client.end();
        }
        relay.end().fails(5).says("could be delivered to the target");
    }
}

/// What was sent by a client that has gone since is there for a target that takes its time.
#[test]
fn a_client_that_sends_and_goes_at_once() {
    let scene = Scene::new();
    for kind in ["tcp:127.0.0.1:0", "./t"] {
        let (host, target) = scene.host(kind);
        let _relay = scene.relay("./s", [&target]).start_listening();
        for round in 0..100 {
            let mut client = scene.wire("./s");
            client.send(format!("message {round}"));
            drop(client);
            let received = String::from_utf8(host.accept().rest()).unwrap();
            assert_eq!(received, format!("message {round}"), "{kind}");
        }
    }
    let _ = fs::remove_file(scene.path("t"));
    let relay = scene.relay("./u", ["./t", "--wait", "-vv"]).start_listening();
    let mut client = scene.wire("./u");
    client.send("message");
    drop(client);
    relay.wait_for_message("trying again");
    let (host, _) = scene.host("./t");
    assert_eq!(host.accept().rest(), b"message");
}

#[test]
fn a_slow_reader_gets_everything() {
    const SIZE: usize = 20_000_000;
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let _relay = scene.relay("./s", [&target]).start_listening();
    let mut client = scene.wire("./s");
    let mut wire = host.accept();
    let mut writers = [client.another(), wire.another()].map(|mut wire| {
        thread::spawn(move || {
            wire.send(data(SIZE));
            wire.end();
        })
    });
    // Time is the subject.
    thread::sleep(Duration::from_secs(2));
    let expected = data(SIZE);
    let to_client = thread::spawn(move || client.rest());
    assert!(wire.rest() == expected);
    assert!(to_client.join().unwrap() == expected);
    for writer in &mut writers {
        wait_until("it has sent everything", || writer.is_finished());
    }
}

/// Nobody reads: the relay holds little of it, others are served as if nothing were, and
/// nothing is lost in the end.
#[cfg(target_os = "linux")]
#[test]
fn stopped_readers_cost_little_memory_and_disturb_nobody() {
    const SIZE: usize = 20_000_000;
    const CLIENTS: usize = 8;
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    for way in [&[][..], &["--copy", "buffer"]] {
        let relay = scene.relay("./s", [&target]).args(way).start_listening();
        let visit = || {
            let mut client = scene.wire("./s");
            let (mut wire, bytes) = (host.accept(), data(2_000_000));
            let echo = thread::spawn(move || {
                let received = wire.rest();
                wire.send(&received);
            });
            assert!(client.exchange(&bytes) == bytes);
            echo.join().unwrap();
        };
        visit();
        let before = peak_memory(&relay);
        let sent = std::sync::Arc::new(AtomicUsize::new(0));
        let stuck: Vec<(Wire, _)> = (0..CLIENTS)
            .map(|_| {
                let mut client = scene.wire("./s");
                let (wire, sent) = (host.accept(), std::sync::Arc::clone(&sent));
                let writes = thread::spawn(move || {
                    for piece in data(SIZE).chunks(10_000) {
                        client.send(piece);
                        sent.fetch_add(piece.len(), Relaxed);
                    }
                });
                (wire, writes)
            })
            .collect();
        let mut last = 0;
        wait_until("nothing moves any more", || {
            thread::sleep(Duration::from_millis(200));
            let before = std::mem::replace(&mut last, sent.load(Relaxed));
            before == last && stuck.iter().all(|(wire, _)| ioctl_fionread(wire).unwrap() > 0)
        });
        visit();
        visit();
        assert!(sent.load(Relaxed) < CLIENTS * SIZE / 4, "{last} bytes are somewhere");
        let grown = peak_memory(&relay) - before;
        assert!(grown < CLIENTS as u64 * 400_000, "{way:?}: {grown} bytes more memory");
        let expected = data(SIZE);
        for (mut wire, writes) in stuck {
            assert!(wire.rest() == expected, "{way:?}");
            writes.join().unwrap();
        }
    }
}

#[test]
fn an_absent_target_is_the_bad_luck_of_the_client() {
    let scene = Scene::new();
    drop(scene.host("./stale"));
    let (listener, tcp) = scene.host("tcp:127.0.0.1:0");
    drop(listener);
    for (target, reason) in [("./t", "no such file"), ("./stale", "refused"), (&tcp, "refused")] {
        let relay = scene.relay("./s", [target]).start_listening();
        for number in 1..=3 {
            let mut client = scene.wire("./s");
            let _ = client.write_all(b"hi");
            assert_eq!(client.rest_whatever_happens(), b"");
            relay.wait_for_message(&format!(
                "warning: connection {number}: cannot connect to {target}: "
            ));
        }
        relay.wait_for_message(reason);
        drop(relay);
        let relay = scene.lsock(["relay", "./s", target, "--once"]).start();
        let mut client = scene.wire("./s");
        assert_eq!(client.rest_whatever_happens(), b"");
        relay.end().fails(3).says(reason);
    }
}

#[test]
fn a_target_that_comes_back_is_used_again() {
    let scene = Scene::new();
    let relay = scene.relay("./s", ["./t"]).start_listening();
    for round in 1..=3 {
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
        relay.wait_for_message(&format!("warning: connection {}: ", 2 * round - 1));
        let (_serving, _) = scene.echo("./t");
        assert_eq!(scene.wire("./s").exchange(b"hi"), b"hi");
        fs::remove_file(scene.path("t")).unwrap();
    }
}

#[test]
fn with_wait_clients_wait_for_the_target() {
    let scene = Scene::new();
    let (listener, tcp) = scene.host("tcp:127.0.0.1:0");
    drop(listener);
    for target in ["./t", &tcp] {
        let relay = scene.relay("./s", [target, "--wait", "-vv"]).start_listening();
        let mut clients: Vec<_> = (0..10).map(|_| scene.wire("./s")).collect();
        for client in &mut clients {
            client.send("early");
            client.end();
        }
        relay.wait_for_message("trying again");
        let _serving = scene.echo(target);
        for client in &mut clients {
            assert_eq!(client.rest(), b"early");
        }
        drop(relay);
        let _ = fs::remove_file(scene.path("t"));
    }
    let relay = scene.relay("./s", ["./t", "--wait=200ms"]).start_listening();
    let start = Instant::now();
    assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
    assert!(start.elapsed() >= Duration::from_millis(200));
    relay.wait_for_message("warning: connection 1: ");
    relay.wait_for_message("gave up after 200ms");
    let relay = scene.relay("./u", ["./t", "--once", "--wait=100ms"]).start_listening();
    assert_eq!(scene.wire("./u").rest_whatever_happens(), b"");
    relay.end().code(4);
}

/// A client that goes while the target is waited for leaves nothing behind.
#[test]
fn a_client_that_goes_while_the_target_is_waited_for() {
    let scene = Scene::new();
    let relay = scene.relay("./s", ["./t", "--wait"]).start_listening();
    for number in 1..=3 {
        drop(scene.wire("./s"));
        relay.wait_for_message(&format!("connection {number}: over before it was connected"));
    }
    let relay = scene.relay("./u", ["./t", "--wait", "--once"]).start_listening();
    drop(scene.wire("./u"));
    relay.end().ok();
}

/// Its backlog is full.
#[cfg(target_os = "linux")]
#[test]
fn a_target_that_does_not_accept() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    host.backlog(0);
    let _in_the_way = scene.wire("./t");
    let args = [&target, "--timeout", "200ms"];
    let relay = scene.relay("./s", args).start_listening();
    assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
    relay.wait_for_message("warning: connection 1: cannot connect to ./t: no answer within 200ms");
    drop(relay);
    let relay = scene.relay("./s", args).arg("--once").start_listening();
    assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
    relay.end().code(4).says("hint: a longer --timeout");
    // Without a limit it is waited for until there is room.
    let _relay = scene.relay("./s", [&target]).start_listening();
    let mut client = scene.wire("./s");
    client.send("patience");
    client.end();
    drop(host.accept());
    assert_eq!(host.accept().rest(), b"patience");
}

/// What was read from stdin meanwhile is lost with it, but why there is no target says more.
#[test]
fn stdin_and_stdout_are_told_why_there_is_no_target() {
    let scene = Scene::new();
    for input in [&b""[..], b"x", &[7; 1_000_000]] {
        let relay = |target: &[&str]| scene.lsock(["relay", "-"]).args(target).input(input).run();
        relay(&["./absent"]).fails(3).says("cannot connect to ./absent").output("");
        relay(&["--", "no-such-program"]).fails(1).says("cannot run").output("");
    }
}

/// As in `lsock relay - ./t | head`.
#[test]
fn a_reader_of_stdout_that_has_enough_is_no_loss() {
    let scene = Scene::new();
    let _server = scene.listen("./t", ["-k", "--", "yes"]).start_listening();
    let mut relay = scene.lsock(["relay", "-", "./t"]).unread_output().start();
    relay.take_output().read_exact(&mut [0; 100]).unwrap();
    relay.end().silent();
}
