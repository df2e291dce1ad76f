//! curl and a server of Python: bodies of some MB both ways, and more than one request on
//! a connection.

use super::{evidence, relay, relay_by_tcp, wait_for_server};
use crate::harness::{Cmd, Running, Scene, data, has};
use std::fs;

/// What curl is to say of each transfer: the status, and how many connections it took.
const SAY: &str = "%{http_code} %{num_connects}\n";

const SERVER: &str = include_str!("http_server.py");

pub(super) fn is_here() -> bool {
    has("curl") && has("python3")
}

/// A server on ./http.sock that keeps what is put, and gives it back.
pub(super) fn server(scene: &Scene) -> Running {
    let mut server = scene.command("python3").args(["-c", SERVER, "http.sock"]).start();
    wait_for_server(scene, &mut server, "http.sock");
    server
}

/// The same on a port of its choice.
pub(super) fn server_on_tcp(scene: &Scene) -> (Running, u16) {
    let server = scene.command("python3").args(["-c", SERVER, "tcp"]).start();
    server.stdout.wait_for(|bytes| bytes.ends_with(b"\n"));
    let port = String::from_utf8_lossy(&server.stdout.so_far()).trim().parse();
    let port = port.unwrap_or_else(|_| panic!("no port\n{}", evidence(&server)));
    (server, port)
}

/// curl without what a user may have set up: ~/.curlrc, or a proxy.
pub(super) fn command(scene: &Scene) -> Cmd {
    scene.command("curl").args(["-q", "-sS", "--noproxy", "*", "--max-time", "40"])
}

/// Everything a client does, and how it gets to the server.
fn works(scene: &Scene, route: &[&str], site: &str) {
    let size = 7_000_001;
    let body = data(size);
    fs::write(scene.path("body"), &body).unwrap();
    let url = |path: &str| format!("{site}/{path}");
    let curl = |args: &[&str]| command(scene).args(route).args(args);

    curl(&["-T", "body", "-w", SAY, &url("put")]).run().ok().output(format!("{size}\n201 1\n"));
    curl(&[&url("put")]).run().ok().output(&body);
    // With a form's method, and in chunks of a length that is not known before.
    let posted = curl(&["--data-binary", "@body", "-w", SAY, &url("posted")]);
    posted.run().ok().output(format!("{size}\n201 1\n"));
    curl(&[&url("posted")]).run().ok().output(&body);
    let chunked = curl(&["-T", "-", "-w", SAY, &url("chunked")]).input(body.clone());
    chunked.run().ok().output(format!("{size}\n201 1\n"));
    curl(&[&url("chunked")]).run().ok().output(&body);
    // A server that closes at the end of its answer, whose length it has not said.
    curl(&["--http1.0", &url("put")]).run().ok().output(&body);

    // One connection for all of them.
    let urls = [url("put"), url("nothing"), url("chunked"), url("posted")];
    let mut many = curl(&["-w", SAY]);
    for (number, url) in urls.iter().enumerate() {
        many = many.arg(url).args(["-o", &format!("got{number}")]);
    }
    many.run().ok().output("200 1\n404 0\n200 0\n200 0\n");
    for number in [0, 2, 3] {
        let got = fs::read(scene.path(&format!("got{number}"))).unwrap();
        assert!(got == body, "{} bytes of {}, or others", got.len(), urls[number]);
    }
}

#[test]
fn requests_through_a_second_name() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = server(&scene);
    let _relay = relay(&scene, "./relayed.sock", "./http.sock");
    works(&scene, &["--unix-socket", "./relayed.sock"], "http://localhost");
}

#[test]
fn requests_through_tcp() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = server(&scene);
    let (_relay, port) = relay_by_tcp(&scene, "./http.sock");
    works(&scene, &[], &format!("http://127.0.0.1:{port}"));
}
