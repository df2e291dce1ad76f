//! Traces of relays.

use super::{Events, JSON};
use crate::harness::{Scene, data};
use std::thread;

#[test]
fn the_connections_of_many_clients_are_told_apart() {
    const CLIENTS: usize = 20;
    let scene = Scene::new();
    let target = scene.other_word();
    let (_echo, target) = scene.echo(&target);
    let relay = scene.relay(scene.word(), &target).args(JSON).arg("t").start_listening();
    let sizes: Vec<usize> = (0..CLIENTS).map(|number| 1000 * number + 1).collect();
    thread::scope(|scope| {
        for size in &sizes {
            scope.spawn(|| scene.wire(scene.word()).expect_echo(data(*size)));
        }
    });
    drop(relay);
    let events = Events::read(&scene.path("t"));
    let mut seen = Vec::new();
    for connection in 1..=CLIENTS as u64 {
        let size = events.bytes(connection, "to_server").len();
        assert!(events.bytes(connection, "to_server") == data(size));
        assert!(events.bytes(connection, "to_client") == data(size));
        seen.push(size);
    }
    seen.sort_unstable();
    assert_eq!(seen, sizes);
    let times: Vec<&str> = events.0.iter().map(|event| event["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
}

#[test]
fn ends_are_shown_as_they_happen() {
    let scene = Scene::new();
    let (host, target) = scene.host(&scene.other_word());
    let args = ["--once", "--trace=json", "--trace-file", "t"];
    let relay = scene.relay(scene.word(), &target).args(args).start_listening();
    let mut client = scene.wire(scene.word());
    let mut server = host.accept();
    client.send("question");
    client.end();
    server.expect_rest("question");
    server.send("answer");
    server.end();
    client.expect_rest("answer");
    drop((client, server));
    relay.end().ok();
    let events = Events::read(&scene.path("t"));
    events.expect(1, b"question", b"answer");
    let expected = [
        "connected",
        "end_of_file to_server",
        "shut_down to_server",
        "end_of_file to_client",
        "shut_down to_client",
        "closed",
    ];
    assert_eq!(events.others(1), expected);
    let shown = events.0[0]["target"].as_str().unwrap();
    assert!(shown.ends_with(&target), "{shown}");
}

#[test]
fn a_client_that_is_not_served_is_shown_with_the_reason() {
    let scene = Scene::new();
    let (word, target) = (scene.word(), scene.other_word());
    let args = ["--once", "--trace=json", "--trace-file", "t"];
    let relay = scene.relay(word, &target).args(args).start_listening();
    let mut client = scene.wire(word);
    assert!(client.rest_whatever_happens().is_empty());
    relay.end().code(3);
    let events = Events::read(&scene.path("t"));
    assert_eq!(events.others(1), ["connected", "error", "closed"]);
    assert!(events.0[1]["message"].as_str().unwrap().contains(&target));
}

#[cfg(target_os = "linux")]
#[test]
fn processes_of_both_ends_are_shown() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let args = ["--once", "--trace=json", "--trace-file", "t.json"];
    let relay = scene.relay("./s", &target).args(args).start_listening();
    let client = scene.connect("./s").input("x").start();
    let pid = client.pid();
    client.end().ok().output("x");
    relay.end().ok();
    let connected = &Events::read(&scene.path("t.json")).0[0];
    assert_eq!(connected["client"]["pid"], pid);
    assert_eq!(connected["client"]["command"], "lsock");
    assert_eq!(connected["server"]["pid"], std::process::id());
    assert_eq!(connected["server"]["uid"], rustix::process::geteuid().as_raw());
    assert_eq!(connected["client_address"], serde_json::Value::Null);
}

/// The server closes without reading everything.
#[cfg(target_os = "linux")]
#[test]
fn a_reset_is_an_error() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let args = ["--once", "--trace=json", "--trace-file", "t.json"];
    let relay = scene.relay("./s", &target).args(args).start_listening();
    let mut client = scene.wire("./s");
    let server = host.accept();
    client.send("unread");
    server.wait_for_bytes(6);
    drop(server);
    assert!(client.rest_whatever_happens().is_empty());
    drop(client);
    relay.end().code(5);
    let others = Events::read(&scene.path("t.json")).others(1);
    assert!(others.contains(&"error to_client".to_owned()), "{others:?}");
}
