//! Clients and targets of a relay that are killed or close early: bytes are delivered, or
//! reported as lost.

#[cfg(target_os = "linux")]
use crate::harness::Data;
use crate::harness::{
    Scene, data, numbers, signal, wait_for_bytes, wait_until, within_the_deadline,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

const SIZE: usize = 5_000_000;

#[cfg(target_os = "linux")]
const COPY_MODES: [&[&str]; 3] = [&[], &["--copy", "buffer"], &["--copy", "splice"]];
#[cfg(not(target_os = "linux"))]
const COPY_MODES: [&[&str]; 1] = [&[]];

#[test]
fn bytes_that_a_killed_client_has_sent_are_delivered() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    for mode in COPY_MODES {
        let relay = scene.relay("./s", &target).args(mode).start_listening();
        let bytes = data(50_000);
        let mut client = scene.connect("./s").open_input().start();
        client.send("x");
        let mut wire = host.accept();
        wire.expect("x");
        signal(&relay, Signal::STOP);
        client.send(&bytes);
        // Bytes that are spliced leave the pipe when they are in the socket.
        wait_for_bytes(client.take_input(), 0);
        client.kill();
        signal(&relay, Signal::CONT);
        wire.expect_rest(&bytes);
        relay.wait_for_message("connection 1: 50001 bytes to the target");
    }
}

#[test]
fn a_killed_target_is_status_5() {
    let scene = Scene::new();
    // The process has the connection, and reads nothing.
    let command = ["--", "sh", "-c", "echo $$; exec sleep 600"];
    for mode in COPY_MODES {
        let _target = scene.listen("./t").args(command).start_listening();
        let relay = scene.relay("./s", "./t").arg("--once").args(mode).start_listening();
        let mut client = scene.wire("./s");
        let mut pid = String::new();
        BufReader::new(client.another()).read_line(&mut pid).unwrap();
        let (sent, bytes) = (AtomicUsize::new(0), data(SIZE));
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

/// nc reports no error here.
#[test]
fn a_target_that_closes_during_a_transfer_is_status_5() {
    let scene = Scene::new();
    for mode in COPY_MODES {
        for kind in ["./t", "tcp:127.0.0.1:0"] {
            let (host, target) = scene.host(kind);
            let relay = scene.lsock(["relay", "./s", &target, "--once"]).args(mode).start();
            let mut client = scene.wire("./s");
            let writes = thread::spawn(move || {
                let _ = client.write_all(&data(SIZE));
                client.rest_whatever_happens()
            });
            host.accept().expect(data(1000));
            let outcome = relay.end().fails(5).says("be delivered to the target: ");
            let counts = numbers(&outcome.stderr);
            assert!(counts.iter().any(|count| (1000..SIZE).contains(count)), "{counts:?}");
            assert!(counts.iter().sum::<usize>() <= SIZE, "{counts:?}");
            assert!(
                within_the_deadline(|| writes.join().unwrap()).is_some(),
                "the client is stuck"
            );
            let _ = fs::remove_file(scene.path("t"));
        }
    }
}

/// The thread that writes to stdout is blocked, and does not delay the end.
#[cfg(target_os = "linux")]
#[test]
fn bytes_for_a_blocked_stdout_are_counted_at_the_end_of_the_grace_time() {
    use rustix::io::ioctl_fionread;
    let scene = Scene::new();
    let relay = scene.relay("./s", "-").args(["--grace", "1s"]);
    let mut relay = relay.open_input().unread_output().start_listening();
    let output = relay.take_output();
    let client = scene.wire("./s");
    let mut writer = client.another();
    let writes = thread::spawn(move || writer.write_all(&data(SIZE)).is_err());
    wait_until("the pipe, the relay and the socket are full", || {
        ioctl_fionread(&output).unwrap() > 60_000 && client.unread() > 150_000
    });
    let outcome = relay.terminate().says("could not be delivered to the output: ");
    let (lost, delivered) = outcome.losses();
    assert_eq!(delivered as u64, Data::default().read_from(output), "{}", outcome.report());
    assert!((1..SIZE - delivered).contains(&lost), "{}", outcome.report());
    assert!(writes.join().unwrap());
}

#[test]
fn a_client_that_closes_during_a_transfer_is_status_5_or_a_warning() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let _serving = host.serve(|mut wire| {
        let _ = wire.write_all(&data(SIZE));
    });
    for mode in COPY_MODES {
        let relay = scene.relay("./s", &target).args(mode);
        let relay = relay.arg("--once").start_listening();
        scene.wire("./s").expect(data(1000));
        relay.end().code(5).says("be delivered to the client: ");
        // The next clients of a server are served.
        let relay = scene.relay("./s", &target).args(mode).start_listening();
        scene.wire("./s").expect(data(1000));
        relay.wait_for_message("warning: connection 1: ");
        relay.wait_for_message("be delivered to the client: ");
        scene.wire("./s").expect_rest(data(SIZE));
    }
}

/// Sending has succeeded, but bytes are lost in the target's receive buffer.
#[test]
fn a_target_that_closes_without_reading_is_status_5() {
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
            // Nothing is read from the target, so only the end of the transfer notices.
            client.end();
        }
        relay.end().fails(5).says("could be delivered to the target");
    }
}

#[test]
fn bytes_of_a_client_that_closes_at_once_are_delivered() {
    let scene = Scene::new();
    for kind in ["tcp:127.0.0.1:0", "./t"] {
        let (host, target) = scene.host(kind);
        let _relay = scene.relay("./s", &target).start_listening();
        for round in 0..100 {
            scene.wire("./s").send(format!("message {round}"));
            host.accept().expect_rest(format!("message {round}"));
        }
    }
    let _ = fs::remove_file(scene.path("t"));
    // The target starts later.
    let relay = scene.relay("./u", "./t").args(["--wait", "-vv"]).start_listening();
    scene.wire("./u").send("message");
    relay.wait_for_message("trying again");
    let (host, _) = scene.host("./t");
    host.accept().expect_rest("message");
}

/// As in `lsock relay - ./t | head`.
#[test]
fn a_closed_stdout_is_no_failure() {
    let scene = Scene::new();
    let _server = scene.listen("./t").args(["-k", "--", "yes"]).start_listening();
    let mut relay = scene.lsock(["relay", "-", "./t"]).unread_output().start();
    relay.take_output().read_exact(&mut [0; 100]).unwrap();
    relay.end().silent();
}

#[test]
fn the_loss_of_the_only_client_at_the_end_of_the_grace_time_is_reported() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.lsock(["relay", "./s", &target, "--once", "--grace", "100ms"]).start();
    let mut client = scene.wire("./s");
    let writes = thread::spawn(move || client.write_all(&data(SIZE)).is_err());
    let mut wire = host.accept();
    wire.expect(data(1));
    relay.terminate().says("bytes could not be delivered to the target: ");
    assert!(writes.join().unwrap());
}
