//! curl and a Python server: large bodies in both directions, and several requests on one
//! connection.

use super::{relay, relay_by_tcp, wait_for_server};
use crate::harness::{Cmd, Running, Scene, data, has};
use std::fs;

/// Prints the status of each transfer and the number of new connections.
const FORMAT: &str = "%{http_code} %{num_connects}\n";

const SERVER: &str = include_str!("http_server.py");

pub(super) fn is_here() -> bool {
    has("curl") && has("python3")
}

/// Starts a server on ./http.sock that stores bodies and returns them.
pub(super) fn server(scene: &Scene) -> Running {
    let mut server = scene.command("python3").args(["-c", SERVER, "http.sock"]).start();
    wait_for_server(scene, &mut server, "http.sock");
    server
}

/// Starts the same server on a port that it chooses.
pub(super) fn server_on_tcp(scene: &Scene) -> (Running, u16) {
    let server = scene.command("python3").args(["-c", SERVER, "tcp"]).start();
    server.stdout.wait_for(|bytes| bytes.ends_with(b"\n"));
    let port = String::from_utf8_lossy(&server.stdout.so_far()).trim().parse();
    let port = port.unwrap_or_else(|_| panic!("no port"));
    (server, port)
}

/// curl without ~/.curlrc and proxies.
pub(super) fn command(scene: &Scene) -> Cmd {
    scene.command("curl").args(["-q", "-sS", "--noproxy", "*", "--max-time", "40"])
}

/// Uploads and downloads bodies with the methods of HTTP.
fn expect_transfers(scene: &Scene, route: &[&str], site: &str) {
    let size = 7_000_001;
    let body = data(size);
    fs::write(scene.path("body"), &body).unwrap();
    let url = |path: &str| format!("{site}/{path}");
    let curl = |args: &[&str]| command(scene).args(route).args(args);

    curl(&["-T", "body", "-w", FORMAT, &url("put")]).run().ok().output(format!("{size}\n201 1\n"));
    curl(&[&url("put")]).run().ok().output(&body);
    // POST, and chunks without a length in the header.
    let posted = curl(&["--data-binary", "@body", "-w", FORMAT, &url("posted")]);
    posted.run().ok().output(format!("{size}\n201 1\n"));
    curl(&[&url("posted")]).run().ok().output(&body);
    let chunked = curl(&["-T", "-", "-w", FORMAT, &url("chunked")]).input(body.clone());
    chunked.run().ok().output(format!("{size}\n201 1\n"));
    curl(&[&url("chunked")]).run().ok().output(&body);
    // The server closes at the end of its answer, without a length in the header.
    curl(&["--http1.0", &url("put")]).run().ok().output(&body);

    // Several requests on one connection.
    let urls = [url("put"), url("nothing"), url("chunked"), url("posted")];
    let mut many = curl(&["-w", FORMAT]);
    for (number, url) in urls.iter().enumerate() {
        many = many.arg(url).args(["-o", &format!("got{number}")]);
    }
    many.run().ok().output("200 1\n404 0\n200 0\n200 0\n");
    for number in [0, 2, 3] {
        let got = fs::read(scene.path(&format!("got{number}"))).unwrap();
        assert!(got == body, "{} bytes of {}", got.len(), urls[number]);
    }
}

#[test]
fn requests_pass_through_a_second_name_and_through_tcp() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _server = server(&scene);
    let _relay = relay(&scene, "./relayed.sock", "./http.sock");
    expect_transfers(&scene, &["--unix-socket", "./relayed.sock"], "http://localhost");
    let (_relay, port) = relay_by_tcp(&scene, "./http.sock");
    expect_transfers(&scene, &[], &format!("http://127.0.0.1:{port}"));
}
