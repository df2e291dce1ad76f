//! Clients and targets of a relay that are killed, that leave, that are slow, or not there.

use crate::harness::{
    Scene, data, numbers, signal, wait_for_bytes, wait_until, within_the_deadline,
};
#[cfg(target_os = "linux")]
use crate::harness::{Wire, peak_memory};
#[cfg(target_os = "linux")]
use lsock_startup::unread;
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
    time::Duration,
};

#[cfg(target_os = "linux")]
const WAYS: [&[&str]; 3] = [&[], &["--copy", "buffer"], &["--copy", "splice"]];
#[cfg(not(target_os = "linux"))]
const WAYS: [&[&str]; 1] = [&[]];

/// Whatever had been sent when the sender was killed is delivered.
#[test]
fn a_killed_client() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    for way in WAYS {
        let relay = scene.relay("./s", &target).args(way).start_listening();
        let bytes = data(50_000);
        let mut client = scene.connect("./s").open_input().start();
        client.send("x");
        let mut wire = host.accept();
        wire.expect("x");
        signal(&relay, Signal::STOP);
        client.send(&bytes);
        // What is spliced from a pipe leaves it when it is in the socket.
        let input = client.take_input();
        wait_for_bytes(&input, 0);
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
        let _target = scene.listen("./t").args(args).start_listening();
        let relay = scene.relay("./s", "./t").arg("--once").args(way).start_listening();
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

/// The thread that writes to stdout is left behind with what it holds, and with what waits.
#[cfg(target_os = "linux")]
#[test]
fn a_blocked_stdout_at_the_end_of_the_grace_time() {
    // More than a pipe and the sockets hold.
    const SIZE: usize = 5_000_000;
    let scene = Scene::new();
    let relay = scene.relay("./s", "-").args(["--grace", "1s"]);
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

#[test]
fn a_client_that_closes_while_much_is_sent_to_it() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let _serving = host.serve(|mut wire| {
        let _ = wire.write_all(&data(5_000_000));
    });
    for way in WAYS {
        for args in [&["--once"][..], &[]] {
            let relay = scene.relay("./s", &target).args(way).args(args).start_listening();
            let mut client = scene.wire("./s");
            client.expect(data(1000));
            drop(client);
            if args.is_empty() {
                // For the others it goes on.
                relay.wait_for_message("warning: connection 1: ");
                relay.wait_for_message("be delivered to the client: ");
                scene.wire("./s").expect_rest(data(5_000_000));
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
        wait_for_bytes(&wire, 4);
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
        let _relay = scene.relay("./s", &target).start_listening();
        for round in 0..100 {
            let mut client = scene.wire("./s");
            client.send(format!("message {round}"));
            drop(client);
            let received = String::from_utf8(host.accept().rest()).unwrap();
            assert_eq!(received, format!("message {round}"), "{kind}");
        }
    }
    let _ = fs::remove_file(scene.path("t"));
    let relay = scene.relay("./u", "./t").args(["--wait", "-vv"]).start_listening();
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
    let _relay = scene.relay("./s", &target).start_listening();
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
    wire.expect_rest(&expected);
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
        let relay = scene.relay("./s", &target).args(way).start_listening();
        let visit = || {
            let mut client = scene.wire("./s");
            let (mut wire, bytes) = (host.accept(), data(2_000_000));
            let echo = thread::spawn(move || {
                let received = wire.rest();
                wire.send(&received);
            });
            client.expect_echo(&bytes);
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
            wire.expect_rest(&expected);
            writes.join().unwrap();
        }
    }
}

/// As in `lsock relay - ./t | head`.
#[test]
fn a_reader_of_stdout_that_has_enough_is_no_loss() {
    let scene = Scene::new();
    let _server = scene.listen("./t").args(["-k", "--", "yes"]).start_listening();
    let mut relay = scene.lsock(["relay", "-", "./t"]).unread_output().start();
    relay.take_output().read_exact(&mut [0; 100]).unwrap();
    relay.end().silent();
}

/// The loss of the only client is said although the process ends by the signal.
#[test]
fn the_loss_of_the_only_client_at_the_end_of_the_grace_time() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.lsock(["relay", "./s", &target, "--once", "--grace", "100ms"]).start();
    let mut client = scene.wire("./s");
    let writes = thread::spawn(move || client.write_all(&data(5_000_000)).is_err());
    let mut wire = host.accept();
    wire.expect(data(1));
    relay.terminate().says("bytes could not be delivered to the target: ");
    assert!(writes.join().unwrap());
}
