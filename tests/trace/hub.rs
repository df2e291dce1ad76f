//! Traces of `--merge` and `--broadcast`.

use super::{Events, JSON};
use crate::harness::Scene;

#[test]
fn each_client_of_a_hub_is_traced() {
    let scene = Scene::new();
    let args = ["-k", "--merge", "--broadcast"];
    let mut server =
        scene.listen("./s").args(args).args(JSON).arg("t").open_input().start_listening();
    let mut clients = Vec::new();
    for number in 1..=3 {
        let mut client = scene.wire("./s");
        client.send(format!("from {number}\n"));
        server.wait_for_output((1..=number).map(|n| format!("from {n}\n")).collect::<String>());
        clients.push(client);
    }
    server.send("to all\n");
    server.close_input();
    for client in &mut clients {
        client.expect_rest("to all\n");
        client.end();
    }
    drop(clients);
    let all_closed = || {
        let events = Events::read(&scene.path("t"));
        events.0.iter().filter(|event| event["event"] == "closed").count() == 3
    };
    crate::harness::wait_until("all are closed", all_closed);
    let events = Events::read(&scene.path("t"));
    for number in 1..=3 {
        events.expect(number, format!("from {number}\n").as_bytes(), b"to all\n");
    }
}
