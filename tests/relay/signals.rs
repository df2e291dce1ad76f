//! Signals to a relay: the name is removed, open and waiting clients get a grace time.

use crate::harness::{Scene, data, signal, wait_until};
use rustix::process::Signal;
use std::{
    thread,
    time::{Duration, Instant},
};

#[test]
fn each_signal_removes_the_name_and_ends_the_relay() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for number in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        for args in [&[&*target][..], &["exec:cat"], &["-"], &["-", "--once"]] {
            let relay = scene.lsock(["relay", "-v", "./s"]).args(args).open_input();
            let relay = relay.start_listening();
            assert_eq!(scene.files(), ["s", "t"]);
            signal(&relay, number);
            relay.end().died_of(number).output("");
            assert_eq!(scene.files(), ["t"], "{number:?} {args:?}");
        }
    }
    let relay = scene.relay("-", &target).open_input().start();
    relay.wait_for_message("connection 1");
    relay.terminate();
}

/// Nothing is connected that could end in the grace time.
#[test]
fn standard_streams_that_wait_for_their_target_end_at_once() {
    let scene = Scene::new();
    for target in ["./no", "pty:./tty"] {
        for bytes in ["", "left over"] {
            let relay = scene.relay("-", target).args(["--wait", "--grace", "1h", "-vvv"]);
            let mut relay = relay.open_input().start();
            if target == "./no" {
                relay.wait_for_message("trying again");
            } else {
                wait_until("the terminal is there", || scene.path("tty").exists());
            }
            relay.send(bytes);
            let input = relay.take_input();
            wait_until("the input is read", || rustix::io::ioctl_fionread(&input).unwrap() == 0);
            signal(&relay, Signal::TERM);
            // It does not take the grace time.
            let outcome = relay.end().died_of(Signal::TERM);
            let lost = "could not be delivered to the target: nothing was connected";
            if bytes.is_empty() {
                outcome.does_not_say(lost);
            } else {
                outcome.says(&format!("9 bytes {lost} (0 bytes delivered)"));
            }
        }
    }
}

#[test]
fn a_hundred_open_transfers_are_completed() {
    const SIZE: usize = 400_000;
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).args(["--grace", "1m"]).start_listening();
    let bytes = data(SIZE);
    let (begin, rest) = bytes.split_at(SIZE / 4);
    let mut clients: Vec<_> = (0..100).map(|_| scene.wire("./s")).collect();
    for client in &mut clients {
        client.send(begin);
        client.expect(begin);
    }
    signal(&relay, Signal::TERM);
    relay.wait_for_message("got signal 15");
    wait_until("the name is removed", || scene.files() == ["t"]);
    for mut client in clients {
        client.expect_echo(rest);
    }
    let outcome = relay.end().died_of(Signal::TERM).does_not_say("warning");
    outcome.says("in total: 100 connections, 40000000 bytes to targets, 40000000 bytes back");
}

#[test]
fn idle_connections_are_closed_after_the_grace_time() {
    let scene = Scene::new();
    let (_serving, echo) = scene.echo("./t");
    for target in [&echo, "exec:cat", "-"] {
        let relay = scene.relay("./s", target).args(["--grace", "300ms"]).open_input();
        let relay = relay.start_listening();
        let mut client = scene.wire("./s");
        client.send("x");
        if target == "-" {
            relay.wait_for_output("x");
        } else {
            client.expect("x");
        }
        let start = Instant::now();
        signal(&relay, Signal::INT);
        relay.end().died_of(Signal::INT).says("1 connection was still open after 300ms");
        assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert_eq!(client.rest_whatever_happens(), b"", "{target}");
    }
    assert_eq!(scene.files(), ["t"]);
}

/// With --max-conns they stay in the backlog until another client has ended.
#[test]
fn clients_that_are_not_served_yet_are_counted_with_the_open_connections() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let args = ["--max-conns", "1", "--grace", "300ms"];
    let relay = scene.relay("./s", &target).args(args).start_listening();
    let clients = [scene.served_wire("./s"), scene.wire("./s"), scene.wire("./s")];
    signal(&relay, Signal::TERM);
    let outcome = relay.end().died_of(Signal::TERM);
    outcome
        .says("waiting up to 300ms for 3 connections to end")
        .says("3 connections were still open after 300ms and were closed");
    drop(clients);
}

#[test]
fn a_second_signal_ends_the_relay_at_once() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).args(["--grace", "10m"]).start_listening();
    let mut client = scene.served_wire("./s");
    signal(&relay, Signal::TERM);
    wait_until("the name is removed", || scene.files() == ["t"]);
    signal(&relay, Signal::INT);
    relay.end().died_of(Signal::INT);
    assert_eq!(client.rest_whatever_happens(), b"");
}

/// Clients in the backlog have connected, and can have sent bytes: these would be lost.
#[test]
fn bytes_of_clients_in_the_backlog_are_delivered_after_a_signal() {
    const COUNT: usize = 8;
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let scene = Scene::new();
        let target = scene.listen("./t").arg("-k").start_listening();
        let relay = scene.relay(listen, "./t").start_listening();
        let name = relay.listen_name();
        signal(&relay, Signal::STOP);
        let sender = (listen == "./s").then(|| {
            let sender = scene.connect(&name).args(["-v", "--send-only"]).input("line\n").start();
            sender.wait_for_message("connected to");
            sender
        });
        // These have closed when they are accepted.
        for _ in 0..COUNT {
            scene.wire(&name).send("line\n");
        }
        let mut clients: Vec<_> = (0..COUNT).map(|_| scene.wire(&name)).collect();
        for client in &mut clients {
            client.send("line\n");
            client.end();
        }
        signal(&relay, Signal::TERM);
        signal(&relay, Signal::CONT);
        let outcome = relay.end().died_of(Signal::TERM).does_not_say("warning");
        let count = 2 * COUNT + usize::from(sender.is_some());
        outcome.says(&format!("in total: {count} connections"));
        target.wait_for_output("line\n".repeat(count));
        if let Some(sender) = sender {
            sender.end().ok().output("");
        }
        clients.iter_mut().for_each(|client| client.expect_rest(""));
        assert_eq!(scene.files(), ["t"]);
    }
}

#[test]
fn clients_in_the_backlog_are_answered_after_a_signal() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let commands: [&[&str]; 4] = [
        &["relay", "./s", &target],
        &["relay", "./s", "exec:cat"],
        &["relay", "./s", "exec:cat", "--buffer", "64K"],
        &["listen", "./s", "-k", "--", "cat"],
    ];
    for args in commands {
        let server = scene.lsock(args).start();
        scene.served_wire("./s");
        signal(&server, Signal::STOP);
        let mut clients: Vec<_> = (0..8).map(|_| scene.wire("./s")).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(format!("request {number}"));
        }
        signal(&server, Signal::TERM);
        signal(&server, Signal::CONT);
        for (number, client) in clients.iter_mut().enumerate() {
            client.end();
            client.expect_rest(format!("request {number}"));
        }
        server.end().died_of(Signal::TERM).output("");
        assert_eq!(scene.files(), ["t"], "{args:?}");
    }
}

#[test]
fn clients_that_wait_for_the_target_are_closed_after_the_grace_time() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "./t").args(["--wait", "--grace", "200ms", "-vv"]);
    let relay = relay.start_listening();
    let mut client = scene.wire("./s");
    client.send("x");
    relay.wait_for_message("trying again");
    relay.terminate();
    assert_eq!(client.rest_whatever_happens(), b"");
}

/// Stdin and stdout still serve one client after another.
#[test]
fn clients_in_the_backlog_get_stdout_one_after_another_after_a_signal() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "-").args(["--grace", "30s"]).start_listening();
    signal(&relay, Signal::STOP);
    let bytes = data(300_000);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let mut client = scene.wire("./s");
            let bytes = bytes.clone();
            thread::spawn(move || {
                client.send(&bytes);
                client.shut_down();
            })
        })
        .collect();
    signal(&relay, Signal::TERM);
    signal(&relay, Signal::CONT);
    clients.into_iter().for_each(|client| client.join().unwrap());
    relay.end().died_of(Signal::TERM).output(bytes.repeat(3));
}

#[test]
fn clients_that_wait_for_stdout_at_the_end_of_the_grace_time_are_counted() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "-").args(["--grace", "300ms"]).open_input().start_listening();
    let mut clients: Vec<_> = (0..3).map(|_| scene.wire("./s")).collect();
    clients[0].send("x");
    relay.wait_for_output("x");
    signal(&relay, Signal::TERM);
    let outcome = relay.end().died_of(Signal::TERM);
    let outcome = outcome.says("waiting up to 300ms for 3 connections to end");
    outcome.says("3 connections were still open after 300ms and were closed");
    clients.iter_mut().for_each(|client| assert_eq!(client.rest_whatever_happens(), b""));
}
