//! Terminals as TARGET: the clients of a listener talk to their programs.

use super::{MANY, expect_unchanged};
use crate::harness::{Running, Scene, data, signal, wait_for_file, wait_until};
use rustix::process::Signal;
use std::{thread, time::Duration};

/// A relay from a socket file to the terminal at `./tty`.
fn relayed(options: &[&str]) -> (Scene, Running) {
    let scene = Scene::new();
    let relay = scene.relay("./s", "pty:./tty").args(options).start_listening();
    (scene, relay)
}

#[test]
fn bytes_pass_unchanged_in_both_directions() {
    let (scene, relay) = relayed(&[]);
    let mut line = scene.line("tty");
    let client = scene.wire("./s");
    let writer = client.another();
    expect_unchanged(&mut line, client, writer);
    drop(line);
    relay.terminate().died_of(Signal::TERM);
    scene.expect_empty();
}

#[test]
fn a_client_waits_until_a_program_opens_the_terminal() {
    let (scene, _relay) = relayed(&[]);
    let mut client = scene.wire("./s");
    client.send("early");
    assert!(client.is_silent());
    let mut line = scene.line("tty");
    line.expect("early");
    line.send("answer");
    client.expect("answer");
}

#[test]
fn a_program_can_open_the_terminal_before_a_client_comes() {
    let (scene, _relay) = relayed(&[]);
    let mut line = scene.line("tty");
    line.send("early");
    let mut client = scene.wire("./s");
    client.expect("early");
    client.send("answer");
    line.expect("answer");
}

#[test]
fn the_end_of_a_client_hangs_up_when_everything_is_read() {
    let (scene, _relay) = relayed(&[]);
    for length in [0, 1, 100_000, MANY] {
        let (mut line, bytes) = (scene.line("tty"), data(length));
        let mut client = scene.wire("./s");
        thread::scope(|scope| {
            scope.spawn(|| {
                client.send(&bytes);
                // Half of the clients only half-close.
                if length % 2 == 0 {
                    client.end();
                } else {
                    drop(client);
                }
            });
            line.expect_rest(&bytes);
        });
    }
}

#[test]
fn a_program_that_closes_ends_the_connection_and_the_next_one_is_served() {
    let (scene, _relay) = relayed(&[]);
    for number in 0..5 {
        let mut line = scene.line("tty");
        let mut client = scene.wire("./s");
        client.send(format!("client {number}"));
        line.expect(format!("client {number}"));
        line.send("bye");
        drop(line);
        client.expect_rest("bye");
    }
}

#[test]
fn the_second_client_waits_for_the_end_of_the_first_one() {
    let (scene, _relay) = relayed(&[]);
    let mut line = scene.line("tty");
    let mut first = scene.wire("./s");
    first.send("first");
    line.expect("first");
    let mut second = scene.wire("./s");
    second.send("second");
    first.send(", still first");
    line.expect(", still first");
    drop(first);
    line.expect_rest("");
    scene.line("tty").expect("second");
}

#[test]
fn a_client_that_goes_while_nobody_has_opened_the_terminal_is_forgotten() {
    let (scene, relay) = relayed(&[]);
    drop(scene.wire("./s"));
    relay.wait_for_message("connection 1: over before it was connected");
    let mut client = scene.wire("./s");
    client.send("text");
    scene.line("tty").expect("text");
}

#[test]
fn the_time_for_a_program_can_be_limited() {
    let (scene, relay) = relayed(&["--once", "--connect-timeout", "300ms"]);
    scene.wire("./s").expect_rest("");
    let text = "cannot connect to pty:./tty: no program has opened the terminal \
                (gave up after 300ms, --connect-timeout)";
    let hint = "a longer --connect-timeout gives a program more time to open it";
    relay.end().code(4).says(text).says(hint);
    scene.expect_empty();
}

#[test]
fn what_is_not_read_when_the_program_closes_is_a_loss() {
    let (scene, relay) = relayed(&["--once"]);
    let line = scene.line("tty");
    let mut client = scene.wire("./s");
    client.send("not read");
    line.wait_for_data();
    drop(line);
    client.rest_whatever_happens();
    let outcome = relay.end().code(5);
    outcome.says(
        "not everything could be delivered to the target: the peer has closed the connection",
    );
}

#[test]
fn standard_streams_can_be_the_client() {
    let scene = Scene::new();
    let relay = scene.lsock(["relay", "-", "pty:./tty"]).input("from stdin").start();
    wait_for_file(&scene.path("tty"));
    let mut line = scene.line("tty");
    line.send("from the program");
    line.expect_rest("from stdin");
    relay.end().ok().output("from the program");
    scene.expect_empty();
}

/// A null modem between two programs.
#[test]
fn two_terminals_are_joined() {
    let scene = Scene::new();
    let relay = scene.relay("pty:./a", "pty:./b").start_listening();
    for _ in 0..3 {
        let (mut a, mut b) = (scene.line("a"), scene.line("b"));
        a.send("ping");
        b.expect("ping");
        b.send("pong");
        a.expect("pong");
        drop(a);
        b.expect_rest("");
    }
    let (mut a, b) = (scene.line("a"), scene.line("b"));
    let writer = b.another();
    expect_unchanged(&mut a, b, writer);
    relay.terminate().died_of(Signal::TERM);
    scene.expect_empty();
}

#[test]
fn a_signal_removes_the_link_and_the_open_connection_ends() {
    let (scene, relay) = relayed(&[]);
    let mut line = scene.line("tty");
    let mut client = scene.wire("./s");
    client.send("text");
    line.expect("text");
    signal(&relay, Signal::TERM);
    wait_until("the names are removed", || scene.files().is_empty());
    client.send("last");
    drop(client);
    thread::sleep(Duration::from_millis(100));
    line.expect_rest("last");
    relay.end().died_of(Signal::TERM);
}
