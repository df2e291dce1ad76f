//! What every system shows of many clients at once of one listener, with no other program than
//! lsock itself and the library.

use crate::{
    harness::{Collected, Scene, data, wait_until},
    relay::everywhere::connect,
};
use std::{io::Write, thread};

/// What they send is merged line by line, and nothing of it is lost.
#[test]
fn a_hub_merges_lines() {
    const CLIENTS: usize = 5;
    const LINES: usize = 200;
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).args(["-k", "--merge"]).start_listening();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mut stream = connect(scene.word());
            scope.spawn(move || {
                let lines =
                    (0..LINES).map(|line| format!("{client} {line} {}\n", "x".repeat(line)));
                let text: String = lines.collect();
                // In pieces that have nothing to do with lines.
                text.as_bytes().chunks(997).for_each(|piece| stream.write_all(piece).unwrap());
            });
        }
    });
    let is_all = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count() == CLIENTS * LINES;
    assert!(server.stdout.wait_for(is_all), "not all lines came");
    let text = String::from_utf8(server.stdout.so_far()).unwrap();
    for client in 0..CLIENTS {
        let lines = text.lines().filter(|line| line.starts_with(&format!("{client} ")));
        let expected = (0..LINES).map(|line| format!("{client} {line} {}", "x".repeat(line)));
        assert!(lines.eq(expected), "the lines of client {client}");
    }
    // The end of a client is that of its last line.
    scene.connect(scene.word()).input("no newline").run().silent().output("");
    server.wait_for_output([text.as_bytes(), b"no newline"].concat());
    assert!(server.is_running());
}

/// Everybody gets what comes from when they are there, and the end of it is everybody's.
#[test]
fn a_hub_broadcasts_stdin() {
    let scene = Scene::new();
    let hub = scene.listen(scene.word()).args(["-k", "--broadcast"]).open_input();
    let mut server = hub.start_listening();
    let clients: Vec<_> = (0..3).map(|_| Collected::from(connect(scene.word()))).collect();
    let process = scene.connect(scene.word()).start();
    let all = || clients.iter().chain([&process.stdout]);
    wait_until("all are served", || {
        server.send("x");
        all().all(|client| !client.so_far().is_empty())
    });
    let bytes = data(300_000);
    server.send([b"\n", &*bytes].concat());
    server.close_input();
    for client in all() {
        assert!(client.wait_for_end(), "no end");
        let got = client.so_far();
        let line = got.iter().position(|byte| *byte == b'\n').unwrap();
        assert!(got[..line].iter().all(|byte| *byte == b'x') && got[line + 1..] == bytes);
    }
    process.end().silent();
    server.end().ok();
}
