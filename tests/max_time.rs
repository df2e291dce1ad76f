//! `--max-time`: the time of the whole transfer of a connection, whatever moves.

use crate::harness::Scene;
use std::{
    io::Write as _,
    thread,
    time::{Duration, Instant},
};

const SAID: &str = "the transfer was not over after 500ms (--max-time)";

#[test]
fn max_time_ends_a_transfer_in_which_bytes_move() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let start = Instant::now();
    let client = scene.connect(&name).args(["--max-time", "500ms"]).open_input().start();
    let mut wire = host.accept();
    // Time is the subject: something moves more often than an idle connection may be silent.
    while wire.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(10));
    }
    client.end().code(4).says(SAID);
    assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
}

/// What was read before the end is delivered: the output takes it.
#[test]
fn max_time_loses_no_byte_that_was_read() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    for _ in 0..5 {
        let args = ["--max-time", "100ms", "--copy", "buffer"];
        let client = scene.connect(&name).args(args).open_input().start();
        let mut wire = host.accept();
        while wire.write_all(&[b'x'; 1000]).is_ok() {}
        client.end().code(4).says("the transfer was not over after 100ms (--max-time)");
    }
}

#[test]
fn max_time_of_a_listener_starts_with_the_connection() {
    let scene = Scene::new();
    let server =
        scene.listen(scene.word()).args(["--max-time", "500ms"]).open_input().start_listening();
    // Time is the subject: longer than the limit, without a client.
    thread::sleep(Duration::from_millis(700));
    let client = scene.connect(scene.word()).open_input().start();
    server.end().code(4).says(SAID);
    client.end().fails(1).says("closed the connection before anything was sent or received");
}

#[test]
fn a_transfer_that_is_over_in_time_is_not_delayed() {
    let scene = Scene::new();
    let limit = ["--max-time", "1h"];
    let server = scene.listen(scene.word()).args(limit).input("answer").start_listening();
    let client = scene.connect(scene.word()).args(limit).input("question");
    client.run().silent().output("answer");
    server.end().ok().output("question");
}

#[test]
fn max_time_ends_one_client_of_many_with_a_warning() {
    let scene = Scene::new();
    let warning = format!("warning: connection 1: {SAID}");
    let server = scene.listen(scene.word()).args(["-k", "--max-time", "500ms"]).open_input();
    let server = server.start_listening();
    scene.wire(scene.word()).expect_rest("");
    server.wait_for_message(&warning);
    scene.wire(scene.word()).send("next");
    server.wait_for_output("next");
}

#[cfg(unix)]
mod event_loops {
    use super::*;

    #[test]
    fn max_time_of_a_relay_is_status_4_or_a_warning() {
        let scene = Scene::new();
        let (host, _) = scene.host("./t");
        let relay = || scene.relay("./s", "./t").args(["--max-time", "500ms"]);
        let once = relay().arg("--once").start_listening();
        let client = scene.wire("./s");
        let mut target = host.accept();
        let mut sends = client.another();
        while sends.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
        once.end().code(4).says(SAID);
        assert!(target.rest_whatever_happens().len() > 1);
        drop((client, target));
        // Without --once the next client is served.
        let relay = relay().start_listening();
        let mut client = scene.wire("./s");
        let _target = host.accept();
        client.expect_rest("");
        relay.wait_for_message(&format!("warning: connection 1: {SAID}"));
        let mut client = scene.wire("./s");
        client.send("next");
        host.accept().expect("next");
    }

    #[test]
    fn max_time_ends_commands() {
        let scene = Scene::new();
        let args = ["--max-time", "500ms", "--", "sh", "-c", "while echo x; do sleep 0.01; done"];
        let server = scene.listen("./s").args(args).start_listening();
        scene.wire("./s").rest_whatever_happens();
        server.end().code(4).says(SAID);
        let server = scene.listen("./s").arg("-k").args(args).start_listening();
        for number in 1..=2 {
            scene.wire("./s").rest_whatever_happens();
            server.wait_for_message(&format!("warning: connection {number}: {SAID}"));
        }
    }

    #[test]
    fn max_time_ends_clients_of_a_hub() {
        let scene = Scene::new();
        for hub in [&["--merge"][..], &["--broadcast"], &["--merge", "--broadcast"]] {
            let args = ["-k", "--max-time", "500ms"];
            let server = scene.listen("./s").args(args).args(hub).open_input().start_listening();
            for number in 1..=2 {
                let mut client = scene.wire("./s");
                client.send("line\nrest");
                client.rest_whatever_happens();
                server.wait_for_message(&format!("warning: connection {number}: {SAID}\n"));
            }
            if hub[0] == "--merge" {
                // What a client has sent is still written.
                server.wait_for_output("line\nrest\nline\nrest");
            }
        }
    }

    #[test]
    fn bytes_that_a_client_of_a_broadcast_has_not_taken_are_counted() {
        let scene = Scene::new();
        let args = ["-k", "--broadcast", "--queue", "8M", "--max-time", "1s"];
        let server = scene.listen("./s").args(args).open_input();
        let mut server = server.start_listening();
        let mut client = scene.wire("./s");
        server.wait_for_message("connection 1 from pid ");
        server.send(vec![b'x'; 5_000_000]);
        server.wait_for_message("warning: connection 1: the transfer was not over after 1s");
        let read = client.rest_whatever_happens().len();
        server.wait_for_message(&format!("{} bytes were not sent\n", 5_000_000 - read));
    }
}
