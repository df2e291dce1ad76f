//! Whom a relay serves: `--once`, `--max-conns`, `--max-conns-per-user`, modes and rules.

use crate::harness::{NOBODY, Scene, is_root, wait_until};

#[test]
fn once_serves_one_client_and_ends() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let relay = scene.relay(listen, &target).arg("--once").start_listening();
        let mut client = scene.served_wire(&relay.listen_name());
        // The name is removed: nobody else is served.
        assert_eq!(scene.files(), ["t"]);
        client.end();
        client.expect_rest("");
        relay.end().ok().output("").says("in total: 1 connection, 1 byte to targets, 1 byte back");
    }
}

#[test]
fn max_conns_lets_further_clients_wait() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let relay = scene.relay(listen, &target).args(["--max-conns", "2"]).start_listening();
        let name = relay.listen_name();
        let mut clients: Vec<_> = (0..6).map(|_| scene.wire(&name)).collect();
        clients.iter_mut().for_each(|client| client.send("x"));
        clients[..2].iter_mut().for_each(|client| client.expect("x"));
        for mut client in clients.drain(..2) {
            relay.does_not_say("connection 5");
            client.end();
            client.expect_rest("");
        }
        clients.iter().for_each(crate::harness::Wire::end);
        clients.iter_mut().for_each(|client| client.expect_rest("x"));
        relay.wait_for_message("connection 6: 1 byte to the target");
    }
}

#[test]
fn max_conns_per_user_refuses_further_clients() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).args(["--max-conns-per-user", "2"]).start_listening();
    let mut clients = vec![scene.served_wire("./s"), scene.served_wire("./s")];
    scene.wire("./s").expect_rest("");
    relay.wait_for_message("warning: refused a client of a user who has enough connections");
    clients.pop();
    relay.wait_for_message("connection 2: 1 byte to the target");
    // The connection is counted for a moment after that message.
    wait_until("the next client is served", || {
        drop(scene.wire("./s"));
        relay.log().contains("connection 3")
    });
}

#[test]
fn another_user_is_served_if_mode_and_rules_allow() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.lsock_for_all();
    let (_serving, target) = scene.echo("./t");
    let nobody = format!("uid:{NOBODY}");
    let abstract_name = format!("@{}", scene.word());
    let mut cases = vec![
        ("./s", &[][..], false),
        ("./s", &["--mode", "666"], true),
        ("./s", &["--mode", "666", "--allow", "uid:0"], false),
        ("./s", &["--mode", "666", "--allow", "any"], true),
    ];
    let allow = ["--allow", &nobody];
    if cfg!(target_os = "linux") {
        cases.push((&abstract_name, &[], false));
        cases.push((&abstract_name, &allow, true));
    }
    for (name, args, is_served) in cases {
        let _relay = scene.relay(name, &target).args(args).start_listening();
        let stranger = scene.command(scene.path("lsock")).args(["connect", name]).user(NOBODY);
        stranger.input("secret").run().output(if is_served { "secret" } else { "" });
    }
}
