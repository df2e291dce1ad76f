//! Servers that answer after the end of the request and close, as HTTP/1.0 has it.

use crate::harness::{Scene, data, has};
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixListener,
    thread,
};

const REQUEST: &str = "GET / HTTP/1.0\r\n\r\n";

/// Answers when it has read the empty line, without waiting for the end of file.
#[test]
fn an_answer_to_the_empty_line() {
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s.sock")).unwrap();
    let body = data(1_000_000);
    let mut answer = b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n".to_vec();
    answer.extend_from_slice(&body);
    let expected = answer.clone();
    let server = thread::spawn(move || {
        for _ in 0..20 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while !lines.next().unwrap().unwrap().is_empty() {}
            stream.write_all(&answer).unwrap();
        }
    });
    for _ in 0..10 {
        scene.connect("./s.sock", [""; 0]).input(REQUEST).run().silent().output(&expected);
        // With the input left open it is the server's close that ends it.
        let mut client = scene.connect("./s.sock", [""; 0]).open_input().start();
        client.send(REQUEST);
        client.end().silent().output(&expected);
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
fn pythons_http_server() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let _server = scene.command("python3").args(["-c", PYTHON]).start();
    let body: Vec<u8> = (0..4000).flat_map(|_| 0..=255_u8).collect();
    for _ in 0..5 {
        let outcome = scene.connect("./s.sock", ["--wait=40s"]).input(REQUEST).run().silent();
        assert!(outcome.stdout.starts_with(b"HTTP/1.0 200 OK\r\n"), "{}", outcome.report());
        assert!(outcome.stdout.ends_with(&body), "{} bytes", outcome.stdout.len());
    }
}
