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

/// A client that closes as soon as it has its answer.
const HASTY_CLIENT: Habits = Habits { message_type: true, closes_last: false, ..Habits::AGENT };

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
        let what = format!("{habits:?}");
        if is_stand_off(habits) {
            // The client ends it: when it has closed, the relay closes the connection to the server.
            let client = PipeEnd::open(scene.word(), HASTY_CLIENT);
            assert_bytes(&client.converse(HASTY_CLIENT, BACK, &there), &back, || what.clone());
        } else {
            assert_bytes(&scene.wire(scene.word()).exchange(&there), &back, || what.clone());
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

/// The page does not distinguish blocking from overlapped calls.
#[test]
fn the_table_of_the_page_has_every_combination() {
    let page = include_str!("../../man/lsock-pipes.7");
    let (_, table) = page.split_once("\ntype\t").unwrap();
    let (table, _) = table.split_once("\n.TE").unwrap();
    let rows: Vec<&str> = table.lines().skip(1).collect();
    let expected: Vec<String> = Habits::all()
        .filter(|habits| !habits.overlapped)
        .map(|habits| {
            let ends = match habits {
                habits if is_stand_off(habits) => "an option or a relay client",
                Habits { half_closes: true, .. } => "the end of each direction",
                Habits { closes_last: true, .. } => "the program reads end of file",
                _ => "the program closes",
            };
            let words = [
                if habits.message_type { "message" } else { "byte" },
                if habits.message_reads { "messages" } else { "bytes" },
                if habits.half_closes { "yes" } else { "no" },
                if habits.closes_last { "last" } else { "first" },
                ends,
            ];
            words.join("\t")
        })
        .collect();
    assert_eq!(rows.len(), expected.len());
    for row in expected {
        assert!(rows.contains(&&*row), "the page lacks `{row}`");
    }
}
