//! Redis: many small requests at once, and large values.

use super::{on_a_free_port, relay, relay_by_tcp, takes_tcp, wait_for_server};
use crate::{
    harness::{Cmd, Outcome, Running, Scene, data, has},
    ls::{row, ss::assert_agreement},
};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
};

const VALUE: usize = 10_000_000;

fn is_here() -> bool {
    has("redis-server") && has("redis-cli") && has("redis-benchmark")
}

/// A server on ./redis.sock that stores nothing on disk.
fn server(scene: &Scene, port: u16) -> Cmd {
    let port = port.to_string();
    scene.command("redis-server").args(["--port", &port, "--bind", "127.0.0.1"]).args([
        "--unixsocket",
        "./redis.sock",
        "--save",
        "",
        "--appendonly",
        "no",
    ])
}

fn start_server(scene: &Scene) -> Running {
    let mut server = server(scene, 0).start();
    wait_for_server(scene, &mut server, "redis.sock");
    server
}

/// Starts a server and a relay on ./relayed.sock.
fn start_server_and_relay(scene: &Scene) -> [Running; 2] {
    [start_server(scene), relay(scene, "./relayed.sock", "./redis.sock")]
}

/// The programs of a client with the address of the server.
struct Client<'a> {
    scene: &'a Scene,
    route: [String; 2],
}

impl<'a> Client<'a> {
    fn by_name(scene: &'a Scene, socket: &str) -> Self {
        Self { scene, route: ["-s".to_owned(), socket.to_owned()] }
    }

    fn by_tcp(scene: &'a Scene, port: u16) -> Self {
        Self { scene, route: ["-p".to_owned(), port.to_string()] }
    }

    fn cli(&self, args: &[&str]) -> Cmd {
        // With -e an error of the server is a failure.
        self.scene.command("redis-cli").args(&self.route).arg("-e").args(args)
    }

    fn expect_large_value(&self) {
        let mut value = data(VALUE);
        self.cli(&["-x", "set", "large"]).input(value.clone()).run().ok().output("OK\n");
        self.cli(&["strlen", "large"]).run().ok().output(format!("{VALUE}\n"));
        value.push(b'\n');
        self.cli(&["get", "large"]).run().ok().output(value);
        self.cli(&["del", "large"]).run().ok().output("1\n");
    }

    /// Sends that many requests of each kind from 50 clients. `requests` has to be a multiple of
    /// `in_one_go`, to which redis-benchmark rounds up.
    fn expect_answers(&self, requests: u32, in_one_go: u32) {
        const KINDS: [&str; 4] = ["ping_mbulk", "set", "get", "lrange_100"];
        let outcome = self
            .scene
            .command("redis-benchmark")
            .args(&self.route)
            .args(["-n", &requests.to_string(), "-P", &in_one_go.to_string()])
            .args(["-c", "50", "-d", "100", "-t", &KINDS.join(",")])
            .run()
            .ok();
        // lrange_100 fills the list first, which is one more kind.
        assert_eq!(completed(&outcome, requests), KINDS.len() + 1, "{}", outcome.report());
    }
}

fn completed(outcome: &Outcome, requests: u32) -> usize {
    let text = String::from_utf8_lossy(&outcome.stdout);
    text.matches(&format!("  {requests} requests completed in ")).count()
}

/// Returns how many commands of a kind the server counts.
fn calls(scene: &Scene, kind: &str) -> u32 {
    let outcome = Client::by_name(scene, "./redis.sock").cli(&["info", "commandstats"]).run().ok();
    let text = String::from_utf8_lossy(&outcome.stdout);
    let number = text.split_once(&format!("cmdstat_{kind}:calls=")).and_then(|(_, rest)| {
        let (number, _) = rest.split_once(',')?;
        number.parse().ok()
    });
    number.unwrap_or_else(|| panic!("no calls of {kind}\n{}", outcome.report()))
}

#[test]
fn large_values_pass_through_a_second_name_and_through_tcp() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _processes = start_server_and_relay(&scene);
    Client::by_name(&scene, "./relayed.sock").expect_large_value();
    let (_relay, port) = relay_by_tcp(&scene, "./redis.sock");
    Client::by_tcp(&scene, port).expect_large_value();
}

#[test]
fn requests_pass_to_a_server_on_tcp() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let is_ready = |_: &Running, port| {
        takes_tcp(port) && UnixStream::connect(scene.path("redis.sock")).is_ok()
    };
    let (_server, port) = on_a_free_port(|port| server(&scene, port), is_ready);
    let target = format!("tcp:127.0.0.1:{port}");
    let _relay = relay(&scene, "./relayed.sock", &target);
    let client = Client::by_name(&scene, "./relayed.sock");
    client.expect_large_value();
    client.expect_answers(3200, 16);

    let (_second, port) = relay_by_tcp(&scene, &target);
    Client::by_tcp(&scene, port).expect_large_value();
}

#[test]
fn each_request_of_the_benchmark_is_answered() {
    const REQUESTS: u32 = 4800;
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _processes = start_server_and_relay(&scene);
    let (_by_tcp, port) = relay_by_tcp(&scene, "./redis.sock");
    let clients = [Client::by_name(&scene, "./relayed.sock"), Client::by_tcp(&scene, port)];
    for client in &clients {
        for in_one_go in [1, 32] {
            client.expect_answers(REQUESTS, in_one_go);
        }
    }
    // Requests that are not answered yet at the end of the benchmark count too.
    for kind in ["ping", "set", "get", "lrange"] {
        let calls = calls(&scene, kind);
        assert!(calls >= 4 * REQUESTS, "{calls} of {kind}");
    }
}

/// The client sends everything before it reads an answer.
#[test]
fn a_hundred_thousand_commands_are_answered() {
    const COMMANDS: usize = 100_000;
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _processes = start_server_and_relay(&scene);
    let client = Client::by_name(&scene, "./relayed.sock");
    let commands: String = (0..COMMANDS).map(|n| format!("SET key:{n} {n}\r\n")).collect();
    let outcome = client.cli(&["--pipe"]).input(commands).run().ok();
    outcome.prints(&format!("errors: 0, replies: {COMMANDS}"));
    client.cli(&["dbsize"]).run().ok().output(format!("{COMMANDS}\n"));
}

/// The server sends without a request.
#[test]
fn a_subscriber_gets_each_message() {
    if !is_here() {
        return;
    }
    let scene = Scene::new();
    let _processes = start_server_and_relay(&scene);
    let client = Client::by_name(&scene, "./relayed.sock");
    let subscriber = client.cli(&["subscribe", "news"]).start();
    let mut expected = "subscribe\nnews\n1\n".to_owned();
    subscriber.wait_for_output(&expected);
    for number in 0..20 {
        client.cli(&["publish", "news", &number.to_string()]).run().ok().output("1\n");
        expected.push_str(&format!("message\nnews\n{number}\n"));
        subscriber.wait_for_output(&expected);
    }
}

#[test]
fn the_list_of_sockets_agrees_with_ss() {
    if !is_here() || !has("ss") {
        return;
    }
    let scene = Scene::new();
    let server = start_server(&scene);
    let mut clients: Vec<UnixStream> =
        (0..5).map(|_| UnixStream::connect(scene.path("redis.sock")).unwrap()).collect();
    for client in &mut clients {
        // The answer shows that the server has accepted the connection.
        client.write_all(b"PING\r\n").unwrap();
        client.read_exact(&mut [0; b"+PONG\r\n".len()]).unwrap();
    }
    let found = row(&scene, &["./redis.sock"]);
    assert_eq!(found["server"]["processes"][0]["pid"], server.pid());
    assert_eq!(found["server"]["processes"][0]["command"], "redis-server");
    assert_eq!(found["clients"], clients.len());
    // The server has its name relative to its folder.
    assert!(assert_agreement(&scene, "redis.sock").1 >= clients.len());
}
