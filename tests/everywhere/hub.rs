//! `--merge` and `--broadcast`.

use crate::harness::{Collected, Scene, data, wait_until};
use std::thread;

#[test]
fn lines_of_all_clients_are_merged() {
    const CLIENTS: usize = 5;
    const LINES: usize = 200;
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).args(["-k", "--merge"]).start_listening();
    let lines =
        |client| (0..LINES).map(move |line| format!("{client} {line} {}", "x".repeat(line)));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mut wire = scene.wire(scene.word());
            scope.spawn(move || {
                let text: String = lines(client).map(|line| line + "\n").collect();
                // The pieces do not end at the ends of lines.
                text.as_bytes().chunks(997).for_each(|piece| wire.send(piece));
            });
        }
    });
    let is_all = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count() == CLIENTS * LINES;
    assert!(server.stdout.wait_for(is_all), "not all lines came");
    let text = String::from_utf8(server.stdout.so_far()).unwrap();
    for client in 0..CLIENTS {
        let received = text.lines().filter(|line| line.starts_with(&format!("{client} ")));
        assert!(received.eq(lines(client)), "the lines of client {client}");
    }
    // The end of a client ends its last line.
    scene.connect(scene.word()).input("no newline").run().silent().output("");
    server.wait_for_output([text.as_bytes(), b"no newline"].concat());
    assert!(server.is_running());
}

#[test]
fn stdin_and_its_end_are_broadcast_to_all_clients() {
    let scene = Scene::new();
    let hub = scene.listen(scene.word()).args(["-k", "--broadcast"]).open_input();
    let mut server = hub.start_listening();
    let clients: Vec<_> = (0..3).map(|_| Collected::from(scene.wire(scene.word()))).collect();
    let process = scene.connect(scene.word()).start();
    let all = || clients.iter().chain([&process.stdout]);
    // Each client gets what is read after it was accepted.
    wait_until("all clients are served", || {
        server.send("x");
        all().all(|client| !client.so_far().is_empty())
    });
    let bytes = data(300_000);
    server.send([b"\n", &*bytes].concat());
    server.close_input();
    for client in all() {
        assert!(client.wait_for_end(), "no end of file");
        let received = client.so_far();
        let line = received.iter().position(|byte| *byte == b'\n').unwrap();
        assert!(received[..line].iter().all(|byte| *byte == b'x') && received[line + 1..] == bytes);
    }
    process.end().silent();
    server.end().ok();
}

/// On Windows this process still has a part of what a pipe has accepted, and takes it along.
#[test]
fn what_was_not_sent_to_a_client_that_is_cut_off_is_counted() {
    const INPUT: usize = 300_000;
    let scene = Scene::new();
    let args = ["-k", "--broadcast", "--grace", "300ms"];
    let mut server = scene.listen(scene.word()).args(args).open_input().start_listening();
    let mut wire = scene.wire(scene.word());
    server.wait_for_message("connection 1");
    server.send(data(INPUT));
    server.close_input();
    let outcome = server.end();
    let lost = outcome.number_before(" bytes were not sent");
    let received = wire.rest_whatever_happens();
    assert!(received == data(INPUT - lost), "{} received: {}", received.len(), outcome.report());
}
