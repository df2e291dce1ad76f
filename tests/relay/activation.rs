//! Sockets that a service manager passes to the process: each one is served, or the command is
//! wrong usage.

use crate::harness::{Cmd, Host, Scene};
use std::os::{fd::OwnedFd, unix::net::UnixStream};

/// lsock with the socket as its descriptors 3 and 4, and the environment that the script sets.
fn activated(scene: &Scene, environment: &str, socket: &Host, args: &[&str]) -> Cmd {
    let script = format!(r#"exec 3<&0 4<&0 0</dev/null; {environment} exec "$0" "$@""#);
    let Host::Local(socket) = socket else { panic!("a local socket") };
    scene.shell(&script).args(args).stdin(OwnedFd::from(socket.try_clone().unwrap()))
}

const BOTH: &str = "LISTEN_PID=$$ LISTEN_FDS=2";

#[test]
fn a_socket_that_was_passed_and_is_not_served_is_wrong_usage() {
    let scene = Scene::new();
    let (socket, _) = scene.host("./l");
    let cases: &[(&[&str], &str)] = &[
        (&["relay", "fd:3", "./t"], "fd:4 (L) was passed to this process and is not served"),
        (&["relay", "fd:4", "./t"], "fd:3 (L) was passed"),
        (&["relay", "fd:9", "./t"], "fd:3 (L) and fd:4 (L) were passed"),
        (&["relay", "./s", "./t"], "are not served: their clients would wait forever"),
        (&["listen", "./s"], "fd:3 (L) and fd:4 (L) were passed"),
        (&["listen", "./s", "-k", "--", "cat"], "fd:3 (L) and fd:4 (L) were passed"),
        (&["listen", "./s", "-k", "--merge"], "fd:3 (L) and fd:4 (L) were passed"),
        (&["connect", "./t"], "fd:3 (L) and fd:4 (L) were passed"),
        (&["bench", "--to", "./t"], "fd:3 (L) and fd:4 (L) were passed"),
    ];
    let path = scene.folder().join("./l").display().to_string();
    for (args, text) in cases {
        let outcome = activated(&scene, BOTH, &socket, args).run();
        outcome.fails(2).says(&text.replace("(L)", &format!("({path})")));
    }
    let several = activated(&scene, BOTH, &socket, &["relay", "fd:3", "./t"]).run();
    several.fails(2).says("`lsock relay 'fd:*' TARGET` serves all inherited sockets");
    let one = activated(&scene, "LISTEN_PID=$$ LISTEN_FDS=1", &socket, &["listen", "./s"]);
    one.run().fails(2).says("l) was passed").says("`lsock relay fd:3 TARGET` serves");
    assert_eq!(scene.files(), ["l"]);
}

#[test]
fn sockets_that_were_passed_to_another_process_are_ignored() {
    let scene = Scene::new();
    let (socket, name) = scene.host("./l");
    let (_serving, target) = scene.echo("./t");
    for environment in ["", "LISTEN_FDS=2", "LISTEN_PID=$$ LISTEN_FDS=0", "LISTEN_PID=$$"] {
        let relay = ["relay", "-v", "fd:3", &target];
        let _relay = activated(&scene, environment, &socket, &relay).start_listening();
        scene.wire(&name).expect_echo("hi");
    }
    for environment in ["LISTEN_PID=1 LISTEN_FDS=2", "LISTEN_PID=1 LISTEN_FDS=many"] {
        activated(&scene, environment, &socket, &["connect", &target]).run().ok().silent();
    }
    activated(&scene, "LISTEN_PID=$$ LISTEN_FDS=many", &socket, &["connect", &target])
        .run()
        .fails(2)
        .says(r#"LISTEN_FDS is "many" and not a number"#);
}

/// As with `Accept=yes` of a socket unit.
#[test]
fn a_connection_that_was_passed_is_refused_with_the_way_to_serve_it() {
    let scene = Scene::new();
    let (_host, _) = scene.host("./l");
    for args in [["relay", "fd:3", "./t"], ["relay", "./s", "./t"], ["relay", "-", "./t"]] {
        let client = UnixStream::connect(scene.path("l")).unwrap();
        let script = r#"exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@""#;
        let outcome = scene.shell(script).args(args).stdin(OwnedFd::from(client)).run();
        outcome.fails(2).says("fd:3").says("is a connection").says("`lsock relay - TARGET`");
    }
}

/// lsock with one socket as its descriptors 3 and 5 and another one as 4.
fn with_names(scene: &Scene, sockets: [&Host; 2], names: &str, args: &[&str]) -> Cmd {
    let script = format!(
        r#"exec 3<&0 4<&1 5<&0 0</dev/null 1>&2
        LISTEN_PID=$$ LISTEN_FDS=3 {names} exec "$0" "$@""#
    );
    let [first, second] = sockets.map(|socket| match socket {
        Host::Local(socket) => OwnedFd::from(socket.try_clone().unwrap()),
        Host::Tcp(socket) => OwnedFd::from(socket.try_clone().unwrap()),
        Host::Word(_) => panic!("no descriptor"),
    });
    scene.shell(&script).args(args).stdin(first).stdout(second)
}

const NAMES: &str = "LISTEN_FDNAMES=web:api:web";

#[test]
fn all_passed_sockets_are_served_by_one_relay() {
    let scene = Scene::new();
    let (local, name) = scene.host("./l");
    let (port, address) = scene.host("tcp:127.0.0.1:0");
    let (_serving, target) = scene.echo("./t");
    let path = scene.folder().join("./l").display().to_string();
    for names in ["", NAMES] {
        let args = ["relay", "-v", "fd:*", &target, "--max-conns", "2"];
        let relay = with_names(&scene, [&local, &port], names, &args).start_listening();
        relay.wait_for_message(&format!("listening on fd:* ({path} and {address} and {path})"));
        for name in [&name, &address, &address, &name] {
            scene.wire(name).expect_echo("hi");
        }
        // They count for one limit.
        let mut first = scene.served_wire(&name);
        let mut second = scene.served_wire(&address);
        let mut third = scene.wire(&name);
        third.send("x");
        relay.does_not_say("connection 7");
        first.end();
        first.expect_rest("");
        third.end();
        third.expect_rest("x");
        second.end();
        second.expect_rest("");
        relay.terminate();
    }
    let args = ["relay", "fd:*", &target, "--explain"];
    with_names(&scene, [&local, &port], NAMES, &args)
        .run()
        .ok()
        .says(&format!("listen on    fd:3 ({path})\nserve        "))
        .says(&format!("listen on    fd:4 ({address})\nserve        whoever can connect"))
        .says(&format!("listen on    fd:5 ({path})"));
}

#[test]
fn the_sockets_with_a_name_are_served() {
    let scene = Scene::new();
    let (local, name) = scene.host("./l");
    let (other, _) = scene.host("./m");
    let (_serving, target) = scene.echo("./t");
    let run = |names: &str, listen: &str| {
        with_names(&scene, [&local, &other], names, &["relay", listen, &target])
    };
    run(NAMES, "fd:web").run().fails(2).says("fd:4 (").says("is not served").says("'fd:*'");
    run(NAMES, "fd:api").run().fails(2).says("fd:3 (").says("and fd:5 (");
    let unknown = run(NAMES, "fd:app").run().fails(2);
    unknown.says(
        "cannot listen on fd:app: the names of the sockets that were passed are web, api, web",
    );
    run("", "fd:web").run().fails(2).says("have no names (LISTEN_FDNAMES)");
    run("LISTEN_FDNAMES=web", "fd:web").run().fails(2).says(r#""web" and not 3 names"#);
    run("LISTEN_PID=1", "fd:*").run().fails(2).says("no service manager has passed sockets");
    scene.relay("fd:*", &target).run().fails(2).says("no service manager has passed sockets");
    let all = "LISTEN_FDNAMES=web:web:web";
    let args = ["relay", "-v", "fd:web", &target];
    let _relay = with_names(&scene, [&local, &other], all, &args).start_listening();
    for name in [&name, "./m", &name] {
        scene.wire(name).expect_echo("hi");
    }
}

/// Each address is a line of its own.
#[test]
fn readiness_names_each_passed_socket() {
    let scene = Scene::new();
    let (local, _) = scene.host("./l");
    let (port, address) = scene.host("tcp:127.0.0.1:0");
    let args = ["relay", "-v", "fd:*", "./t", "--ready-file", "ready", "--ready-fd", "6"];
    let relay = with_names(&scene, [&local, &port], "6>line", &args).start_listening();
    let path = scene.folder().join("./l").display().to_string();
    let lines = format!("{path}\n{address}\n{path}\n");
    for file in ["ready", "line"] {
        assert_eq!(std::fs::read_to_string(scene.path(file)).unwrap(), lines);
    }
    relay.terminate();
}

/// Clients of each socket are checked by its rules, and commands get its address.
#[test]
fn each_passed_socket_has_its_own_rules_and_address() {
    let scene = Scene::new();
    let (local, name) = scene.host("./l");
    let (port, address) = scene.host("tcp:127.0.0.1:0");
    let run = |args: &[&str]| {
        let args = [&["relay", "-v", "fd:*"], args].concat();
        with_names(&scene, [&local, &port], "", &args)
    };
    for option in [&["--allow", "any"][..], &["--max-conns-per-user", "1"]] {
        let outcome = run(&[option, &["./t"]].concat()).run().fails(2);
        outcome.says(option[0]).says("the clients of a TCP port have no users");
    }
    run(&["--pass-fds", "./t"]).run().fails(2).says("--pass-fds takes local sockets");
    let script = r#"read -r line; echo "$PROTO $LSOCK_NAME ${IPCLOCALPATH-no}""#;
    let _relay = run(&["--", "sh", "-c", script]).start_listening();
    let path = scene.folder().join("./l").display().to_string();
    for (name, expected) in
        [(&name, format!("IPC {path} {path}\n")), (&address, format!("TCP {address} no\n"))]
    {
        let mut client = scene.wire(name);
        client.send("\n");
        client.expect_rest(expected);
    }
}
