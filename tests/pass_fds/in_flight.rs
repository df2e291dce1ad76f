//! The system limits how many descriptors of a user are sent and not received yet (`ETOOMANYREFS`,
//! `unix(7)`): as many as a process may open. Root has no limit.

use super::{marked, receive, send, word_of};
use crate::harness::{NOBODY, Running, Scene, Wire, is_root, processor_time, signal};
use rustix::process::Signal;
use std::{thread, time::Duration};

/// More messages than descriptors may be in flight.
const COUNT: usize = 200;

/// Starts a relay of a user who may have 64 descriptors in flight, and sends too many through it to
/// a target that does not read. Returns the relay, which waits, with the client and the target.
fn start_waiting_relay(scene: &Scene, args: &[&str]) -> (Running, Wire, Wire) {
    let (host, target) = scene.host(&format!("@{}-target", scene.word()));
    let name = format!("@{}-relay", scene.word());
    let lsock = scene.lsock_for_all();
    let relay = scene.command("sh").args(["-c", r#"ulimit -n 64; exec "$0" "$@""#]).arg(lsock);
    let relay = relay.args(["relay", "-vv", "--pass-fds", &name, &target]).args(args).user(NOBODY);
    let relay = relay.start_listening();
    let mut client = scene.wire(&name);
    let target = host.accept();
    for number in 0..COUNT {
        send(&mut client, b"x", &[marked(&number.to_string())]);
    }
    relay.wait_for_message("too many descriptors are in flight");
    (relay, client, target)
}

#[test]
fn descriptors_wait_while_too_many_are_in_flight() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let (relay, client, target) = start_waiting_relay(&scene, &[]);
    // Time is the subject: what a second of waiting costs.
    let before = processor_time(&relay);
    thread::sleep(Duration::from_secs(1));
    let cost = processor_time(&relay) - before;
    assert!(cost <= 10, "{cost} hundredths of a second");
    client.end();
    let mut words = Vec::new();
    while words.len() < COUNT {
        let (bytes, fds) = receive(&target, 1);
        assert_eq!(bytes, b"x", "{}", relay.report());
        words.extend(fds.into_iter().map(word_of));
    }
    assert_eq!(words, (0..COUNT).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(receive(&target, 1).0, b"");
    drop((client, target));
    relay.wait_for_message("connection 1: ");
    relay.terminate().does_not_say("warning");
}

#[test]
fn a_target_that_closes_ends_the_wait_for_descriptors_in_flight() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let (relay, client, target) = start_waiting_relay(&scene, &[]);
    drop(target);
    relay.wait_for_message("1 byte could not be delivered");
    drop(client);
}

#[test]
fn time_limits_and_signals_end_the_wait_for_descriptors_in_flight() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let (relay, client, target) = start_waiting_relay(&scene, &["--idle-timeout", "300ms"]);
    relay.wait_for_message("1 byte could not be delivered");
    drop((relay, client, target));
    let (relay, client, target) = start_waiting_relay(&scene, &["--grace", "100ms"]);
    signal(&relay, Signal::TERM);
    relay.end().died_of(Signal::TERM).says("1 byte could not be delivered");
    drop((client, target));
}
