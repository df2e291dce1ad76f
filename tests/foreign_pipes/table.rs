//! Every combination of habits, as server and as client: the table of lsock-pipes(7).

use super::{Habits, PipeEnd, joined, serve_both};
use crate::harness::{Scene, assert_bytes, data};
use std::thread;

/// Number of bytes that the other program receives and sends.
const THERE: usize = 1_100_003;
const BACK: usize = 1_300_007;

/// Returns the habits of clients, whose pipe is always message-type.
fn clients() -> impl Iterator<Item = Habits> {
    Habits::all().filter(|habits| habits.message_type)
}

/// Returns whether lsock and the other program wait for each other: neither can tell the other one
/// that its input has ended, and the other one does not close first.
fn is_stand_off(habits: Habits) -> bool {
    !habits.message_type && habits.closes_last
}

#[test]
fn connect_exchanges_all_bytes_with_every_server() {
    let scene = Scene::new();
    let (there, back) = (data(THERE), data(BACK));
    for habits in Habits::all() {
        let answer = back.clone();
        let server =
            serve_both(scene.word(), habits, move |end| end.converse(habits, THERE, &answer));
        let args: &[&str] = if is_stand_off(habits) { &["--linger", "300ms"] } else { &[] };
        let client = scene.connect(scene.word()).args(args).input(there.clone());
        client.run().silent().output(&back);
        let what = format!("{habits:?}");
        assert_bytes(&joined(server, &what), &there, || what);
    }
}

#[test]
fn listen_exchanges_all_bytes_with_every_client() {
    let scene = Scene::new();
    let (there, back) = (data(THERE), data(BACK));
    for habits in clients() {
        let server = scene.listen(scene.word()).input(there.clone()).start_listening();
        let (end, answer) = (PipeEnd::open(scene.word(), habits), back.clone());
        let client = thread::spawn(move || end.converse(habits, THERE, &answer));
        let what = format!("{habits:?}");
        assert_bytes(&joined(client, &what), &there, || what);
        server.end().ok().output(&back).does_not_say("warning");
    }
}

#[test]
fn relay_exchanges_all_bytes_with_every_server() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let (there, back) = (data(THERE), data(BACK));
    let mut relay = scene.relay(scene.word(), &behind).start_listening();
    for habits in Habits::all() {
        let answer = back.clone();
        let server = serve_both(&behind, habits, move |end| end.converse(habits, THERE, &answer));
        let mut wire = scene.wire(scene.word());
        let what = format!("{habits:?}");
        if is_stand_off(habits) {
            // The client ends it: when it has closed, the relay closes the connection to the server.
            thread::scope(|scope| {
                let (mut writer, there) = (wire.another(), &there);
                scope.spawn(move || writer.send(there));
                wire.expect(&back);
            });
            drop(wire);
        } else {
            assert_bytes(&wire.exchange(&there), &back, || what.clone());
        }
        assert_bytes(&joined(server, &what), &there, || what);
    }
    assert!(relay.is_running());
    relay.does_not_say("warning");
}

#[test]
fn relay_exchanges_all_bytes_with_every_client() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let (there, back) = (data(THERE), data(BACK));
    let (host, _) = scene.host(&behind);
    let mut relay = scene.relay(scene.word(), &behind).start_listening();
    for habits in clients() {
        let (end, answer) = (PipeEnd::open(scene.word(), habits), back.clone());
        let client = thread::spawn(move || end.converse(habits, THERE, &answer));
        let what = format!("{habits:?}");
        assert_bytes(&host.accept().exchange(&there), &back, || what.clone());
        assert_bytes(&joined(client, &what), &there, || what);
    }
    assert!(relay.is_running());
    relay.does_not_say("warning");
}
