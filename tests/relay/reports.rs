//! What a relay reports: readiness, totals of connections, nothing without `-v`.

use crate::harness::{Scene, data};

#[test]
fn ready_fd_gets_the_endpoint_when_clients_can_connect() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let script = r#"exec 3>&1 >/dev/null; exec "$0" relay -v "$@" --ready-fd 3"#;
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let relay = scene.shell(script).args([listen, &target]).start();
        let name = relay.listen_name();
        // With the port that the system has chosen.
        relay.wait_for_end_of_output(format!("{name}\n"));
        scene.wire(&name).expect_echo("hi");
    }
}

#[test]
fn connections_and_totals_are_reported() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let _serving = host.serve(|mut wire| {
        let request = wire.rest();
        wire.send(&request[..request.len() / 2]);
    });
    let relay = scene.relay("./s", &target).start_listening();
    for (number, size) in [(1, 1000), (2, 200_000)] {
        scene.wire("./s").exchange(&data(size));
        let half = size / 2;
        relay.wait_for_message(&format!(
            "connection {number}: {size} bytes to the target, {half} bytes back in "
        ));
    }
    relay
        .terminate()
        .says("in total: 2 connections, 201000 bytes to targets, 100500 bytes back\n")
        .says(&format!("connection 1 from pid {} uid ", std::process::id()))
        .output("");
}

#[test]
fn without_v_a_relay_is_silent() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = scene.lsock(["relay", "./s", &target, "--once"]).start();
    scene.wire("./s").expect_echo("hi");
    relay.end().silent().output("");
}
