//! Late answers after the end of the request, and peers with non-blocking pipes.

use crate::harness::{Scene, data, has, within_the_deadline};
use rustix::{
    fs::{OFlags, fcntl_setfl},
    io::Errno,
};
use std::{
    io::{BufRead, BufReader},
    thread,
    time::Duration,
};

#[test]
fn listen_answers_long_after_the_end_of_the_request() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").open_input().start_listening();
    let mut client = scene.wire("./s");
    client.send("request");
    client.end();
    server.wait_for_end_of_output("request");
    // Time is the subject.
    thread::sleep(Duration::from_secs(1));
    let answer = data(1 << 20);
    server.send(&answer);
    server.close_input();
    client.expect_rest(&answer);
    drop(client);
    server.end().ok();
}

#[test]
fn a_client_that_keeps_its_direction_open_gets_the_end_of_the_answer() {
    let scene = Scene::new();
    let server = scene.listen("./s").input("answer").start_listening();
    let mut client = scene.wire("./s");
    client.expect_rest("answer");
    client.send("thanks");
    drop(client);
    server.end().ok().output("thanks");
}

/// As in a program with an event loop and one thread.
#[test]
fn a_non_blocking_writer_to_stdin_is_never_blocked() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let mut client = scene.connect("./s").open_input().start();
    let mut peer = host.accept();
    let input = client.take_input();
    fcntl_setfl(&input, OFlags::NONBLOCK).unwrap();
    let bytes = data(20_000_000);
    let all = bytes.clone();
    let (input, written) = within_the_deadline(move || {
        let (mut written, mut blocked) = (0, 0);
        // The pipe is full when nothing was read from it for a while.
        while blocked < 100 {
            match rustix::io::write(&input, &all[written..]) {
                Ok(count) => (written, blocked) = (written + count, 0),
                Err(Errno::AGAIN) => {
                    blocked += 1;
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => panic!("{error}"),
            }
        }
        (input, written)
    })
    .expect("writing does not block");
    assert!(written < bytes.len());
    drop(input);
    peer.expect_rest(&bytes[..written]);
    drop(peer);
    client.end().silent();
}

#[test]
fn a_non_blocking_reader_of_stdout_is_never_blocked() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let mut client = scene.connect("./s").open_input().unread_output().start();
    let mut peer = host.accept();
    let output = client.take_output();
    fcntl_setfl(&output, OFlags::NONBLOCK).unwrap();
    within_the_deadline(move || {
        let mut buffer = [0; 100];
        for piece in ["one", "two", "three"] {
            peer.send(piece);
            let read = loop {
                match rustix::io::read(&output, &mut buffer) {
                    Err(Errno::AGAIN) => thread::yield_now(),
                    result => break result.unwrap(),
                }
            };
            assert_eq!(&buffer[..read], piece.as_bytes());
            assert_eq!(rustix::io::read(&output, &mut buffer), Err(Errno::AGAIN));
        }
    })
    .expect("reading does not block");
    client.end().silent();
}

const REQUEST: &str = "GET / HTTP/1.0\r\n\r\n";

/// The server answers after the empty line, without waiting for the end of file.
#[test]
fn an_http_server_that_closes_after_its_answer_ends_connect() {
    let scene = Scene::new();
    let header = b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let answer = [&header[..], &data(1_000_000)].concat();
    let bytes = answer.clone();
    let server = scene.host("./s.sock").0.serve_each(20, move |mut wire| {
        let mut lines = BufReader::new(wire.another()).lines();
        while !lines.next().unwrap().unwrap().is_empty() {}
        wire.send(&bytes);
    });
    for _ in 0..10 {
        scene.connect("./s.sock").input(REQUEST).run().silent().output(&answer);
        // With an open input only the server's close can end it.
        let mut client = scene.connect("./s.sock").open_input().start();
        client.send(REQUEST);
        client.end().silent().output(&answer);
    }
    server.join().unwrap();
}

const PYTHON: &str = r#"
import http.server, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = bytes(range(256)) * 4000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
    def address_string(self):
        return "local"
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    pass
Server("s.sock", Handler).serve_forever()
"#;

#[test]
fn an_answer_of_pythons_http_server_is_complete() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let _server = scene.command("python3").args(["-c", PYTHON]).start();
    let body: Vec<u8> = (0..4000).flat_map(|_| 0..=255_u8).collect();
    for _ in 0..5 {
        let outcome = scene.connect("./s.sock").arg("--wait=40s").input(REQUEST).run().silent();
        assert!(outcome.stdout.starts_with(b"HTTP/1.0 200 OK\r\n"), "{}", outcome.report());
        assert!(outcome.stdout.ends_with(&body), "{} bytes", outcome.stdout.len());
    }
}
