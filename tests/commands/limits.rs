//! Limits of time and number for commands.

use crate::harness::{Scene, wait_until};

#[test]
fn idle_timeout_ends_a_silent_command() {
    let scene = Scene::new();
    let args = ["--idle-timeout", "300ms", "--", "sleep", "600"];
    let server = scene.listen("./s").args(args).start_listening();
    let client = scene.connect("./s").open_input().start();
    server.end().code(4).says("nothing moved for 300ms");
    client.end().fails(1).says("the server closed the connection before anything was sent");
    // With -k the next client is served.
    let server = scene.listen("./s").arg("-k").args(args).start_listening();
    for number in 1..=2 {
        scene.connect("./s").open_input().run().fails(1);
        server.wait_for_message(&format!("warning: connection {number}: nothing moved"));
    }
    drop(server);
    let server = scene.listen("./s").open_input().start_listening();
    scene.connect("./s").args(args).run().fails(4);
    server.end().ok();
}

#[test]
fn max_conns_serves_no_more_clients_at_once() {
    let scene = Scene::new();
    let args = ["-k", "--max-conns", "2", "--", "cat"];
    let server = scene.listen("./s").args(args).start_listening();
    let mut clients: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
    clients.iter_mut().for_each(|client| client.send("x"));
    clients[..2].iter_mut().for_each(|client| client.expect("x"));
    for mut client in clients {
        client.end();
        assert!(client.rest().len() <= 1);
    }
    for number in 1..=5 {
        server.wait_for_message(&format!("connection {number}: command ended"));
    }
    let log = server.log();
    let (mut served, mut most) = (0, 0);
    for line in log.lines() {
        served += i32::from(line.contains(" from pid "));
        served -= i32::from(line.contains("command ended"));
        most = most.max(served);
    }
    assert_eq!((served, most), (0, 2), "{log}");
}

#[test]
fn max_conns_per_user_refuses_further_clients() {
    let scene = Scene::new();
    let args = ["-k", "--max-conns-per-user", "1", "--", "cat"];
    let server = scene.listen("./s").args(args).start_listening();
    let mut first = scene.served_wire("./s");
    scene.connect("./s").run().output("");
    server.wait_for_message("warning: refused a client of a user who has enough connections: pid ");
    first.send("y");
    first.expect("y");
    drop(first);
    wait_until("the next client is served", || {
        scene.connect("./s").input("z").run().stdout == b"z"
    });
}

#[test]
fn max_conns_needs_k_and_a_command() {
    let scene = Scene::new();
    for args in [&["-k"][..], &["--", "cat"], &[]] {
        for option in ["--max-conns=1", "--max-conns-per-user=1"] {
            scene.lsock(["listen", "./s", option]).args(args).run().fails(2);
        }
    }
    scene.lsock(["listen", "./s", "-k", "--max-conns=0", "--", "cat"]).run().fails(2);
    scene.expect_empty();
}
