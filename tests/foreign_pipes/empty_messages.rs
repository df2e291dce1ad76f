//! Programs that send messages of zero bytes which are not the end of file.

use super::{Habits, PipeEnd, joined, serve_both};
use crate::harness::Scene;
use std::thread;

const OPTION: [&str; 2] = ["--empty-messages", "data"];

/// A program that exchanges messages and closes first.
const HABITS: Habits = Habits {
    message_type: true,
    message_reads: true,
    overlapped: true,
    closes_last: false,
    half_closes: false,
};

/// Receives 7 bytes in one message, sends `answer` between empty messages, and closes.
fn answer(end: &PipeEnd) {
    assert_eq!(end.receive(7), b"request");
    for message in [&b""[..], b"ans", b"", b"", b"wer", b""] {
        assert_eq!(end.write(message).unwrap(), message.len());
    }
}

#[test]
fn connect_skips_them() {
    let scene = Scene::new();
    let server = serve_both(scene.word(), HABITS, |end| answer(&end));
    scene.connect(scene.word()).args(OPTION).input("request").run().silent().output("answer");
    joined(server, "after the answer");
}

#[test]
fn listen_skips_them() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).args(OPTION).input("request").start_listening();
    let end = PipeEnd::open(scene.word(), HABITS);
    joined(thread::spawn(move || answer(&end)), "after the answer");
    server.end().ok().output("answer").does_not_say("warning");
}

#[test]
fn relay_skips_them_on_both_sides() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let relay = scene.relay(scene.word(), &behind).args(OPTION).start_listening();
    let server = serve_both(&behind, HABITS, |end| answer(&end));
    let client = PipeEnd::open(scene.word(), HABITS);
    let client = thread::spawn(move || {
        for message in [&b""[..], b"req", b"", b"uest"] {
            assert_eq!(client.write(message).unwrap(), message.len());
        }
        client.rest()
    });
    joined(server, "after the answer");
    assert_eq!(joined(client, "after the server"), b"answer");
    relay.does_not_say("warning");
}

/// The pipe between stdin and stdout and the relay has its end of file.
#[test]
fn relay_skips_them_between_a_server_and_its_own_standard_streams() {
    let scene = Scene::new();
    let server = serve_both(scene.word(), HABITS, |end| answer(&end));
    let relay = scene.lsock(["relay", "-", scene.word()]).args(OPTION).input("request");
    relay.run().silent().output("answer");
    joined(server, "after the answer");
}

#[test]
fn the_end_of_the_input_is_no_message() {
    let scene = Scene::new();
    let habits = Habits { closes_last: true, ..HABITS };
    let server = serve_both(scene.word(), habits, move |end| {
        let request = end.receive(7);
        end.send(b"answer");
        // 0 bytes once more: the client has closed.
        let ends = [end.read(&mut [0; 8]).unwrap(), end.read(&mut [0; 8]).unwrap()];
        (request, ends)
    });
    let client = scene.connect(scene.word()).args(OPTION).args(["--linger", "300ms", "-vvv"]);
    let outcome = client.input("request").run().ok().output("answer");
    outcome.says("messages of zero bytes are not the end of file").does_not_say("warning");
    assert_eq!(joined(server, "after the client"), (b"request".to_vec(), [0, 0]));
}

#[test]
fn a_hub_does_not_take_the_option() {
    let scene = Scene::new();
    let hub = scene.lsock(["listen", scene.word(), "-k", "--merge"]).args(OPTION);
    hub.run().fails(2).says("--merge cannot be combined");
}

#[test]
fn the_plan_shows_the_option() {
    let scene = Scene::new();
    let plan = scene.connect(scene.word()).arg("--explain").args(OPTION).run().silent();
    plan.prints("empty        messages are skipped, and none is sent");
}
