//! Recorded sessions of other programs.

use super::replay;
use crate::harness::{Running, Scene, Wire, has};
use std::io::Read;

/// Records what clients of the relay on ./relayed do.
fn start_recording(scene: &Scene, target: &str) -> Running {
    scene.relay("./relayed", target).args(["--record", "r"]).start_listening()
}

#[test]
fn curl_gets_the_recorded_answer_of_an_http_server() {
    if !has("curl") {
        return;
    }
    let scene = Scene::new();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";
    let (host, target) = scene.host("./s");
    let serving = host.serve_each(1, move |mut wire: Wire| {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            wire.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        wire.send(answer);
    });
    let relay = start_recording(&scene, &target);
    let get = |socket: &str, page: &str| {
        let url = format!("http://x/{page}");
        scene.command("curl").args(["-sS", "--unix-socket", socket, &url]).start()
    };
    get("./relayed", "page").end().ok().output("hello\n");
    serving.join().unwrap();
    relay.wait_for_message("connection 1: ");
    drop(relay);
    let start = || scene.lsock(["replay", "r", "--serve", "./played", "-v"]).start_listening();
    let played = start();
    get("./played", "page").end().ok().output("hello\n");
    played.end().ok();
    let played = start();
    let curl = get("./played", "PAGE");
    played.end().code(1).says("the client sends other bytes than in r from offset 5");
    drop(curl);
}

#[test]
fn a_session_of_redis_differs_when_its_data_differ() {
    if !has("redis-server") || !has("redis-cli") {
        return;
    }
    let scene = Scene::new();
    let server = scene.command("redis-server").args(["--port", "0", "--unixsocket", "./redis"]);
    let _server = server.args(["--save", "", "--appendonly", "no"]).start();
    drop(scene.wire("./redis"));
    let relay = start_recording(&scene, "./redis");
    let redis = |socket: &str, args: &[&str]| {
        let outcome = scene.command("redis-cli").args(["-s", socket]).args(args).run().ok();
        outcome.stdout_text().to_owned()
    };
    assert_eq!(redis("./relayed", &["incr", "n"]), "1\n");
    relay.wait_for_message("connection 1: ");
    drop(relay);
    let shown = "> 00000000 3a 31 0d 0a             |:1..|     3a 32 0d 0a             |:2..|\n";
    replay(&scene, "./redis").run().fails(1).prints(shown);
    redis("./redis", &["flushall"]);
    replay(&scene, "./redis").run().silent();
}
