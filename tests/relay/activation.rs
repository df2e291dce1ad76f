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
