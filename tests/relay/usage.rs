//! Wrong usage of a relay: one line with the reason, status 2, and nothing is opened; and
//! `--explain`, which opens nothing either.

use crate::harness::{Host, Scene};
use std::{fs::File, os::fd::OwnedFd};

#[test]
fn a_relay_to_itself_by_another_spelling_is_wrong_usage() {
    let scene = Scene::new();
    let absolute = scene.path("s").display().to_string();
    std::os::unix::fs::symlink(scene.folder(), scene.path("folder")).unwrap();
    std::os::unix::fs::symlink("s", scene.path("link")).unwrap();
    // What a killed relay has left.
    drop(scene.host("./stale"));
    std::fs::hard_link(scene.path("stale"), scene.path("s")).unwrap();
    let word = scene.word();
    for (listen, target) in [
        ("./s", &*absolute),
        ("./s", "./folder/s"),
        ("./s", "./link"),
        ("./new", "folder/new"),
        (word, &format!("ns:{word}")),
        ("tcp:127.0.0.1:8080", "tcp:localhost:8080"),
        ("tcp:[::1]:8080", "tcp:[0:0::1]:8080"),
    ] {
        let outcome = scene.relay(listen, target).run();
        outcome.fails(2).says("the relay would connect to itself");
    }
    let exposed = scene.relay("tcp:0.0.0.0:8080", "tcp:127.0.0.2:8080").arg("--expose");
    exposed.run().fails(2).says("the relay would connect to itself");
}

#[test]
fn arguments_that_exclude_each_other_are_wrong_usage() {
    let scene = Scene::new();
    let cases: &[(&[&str], &str)] = &[
        (&[], "LISTEN"),
        (&["./s"], "TARGET"),
        (&["./s", "./t", "./u"], "./u"),
        (&["./s", "./t", "--", "cat"], "cannot be used with"),
        (&["-", "-"], "both ends"),
        (&["exec:cat", "./t"], "cannot be listened on"),
        (&["./a", "fd:3"], "can only be listened on"),
        (&["fd:2", "./t"], "from 3 on"),
        (&["fd:+3", "./t"], "from 3 on"),
        (&["fd:x", "./t"], "no service manager has passed sockets"),
        (&["fd:99", "./t"], "fd:99"),
        (&["", "./t"], "empty"),
        (&["./s", ""], "empty"),
        (&["./s", "@"], "empty"),
        (&["tcp:80", "./t"], "tcp:HOST:PORT"),
        (&["tcp::80", "./t"], "tcp:HOST:PORT"),
        (&["tcp:::1:80", "./t"], "tcp:HOST:PORT"),
        (&["./s", "tcp:localhost"], "tcp:HOST:PORT"),
        (&["./s", "tcp:localhost:99999"], "tcp:HOST:PORT"),
        (&["./s", "tcp:localhost:0"], "cannot be connected to: port 0 is any free port"),
        (&["./s", "exec:"], "takes a command"),
        (&["./s", "exec:'a"], "quote"),
        (&["tcp:127.0.0.1:0", "./t", "--mode", "600"], "--mode"),
        (&["tcp:127.0.0.1:0", "./t", "--group", "0"], "--group"),
        (&["tcp:127.0.0.1:0", "./t", "--replace"], "--replace"),
        (&["tcp:127.0.0.1:0", "./t", "--allow", "any"], "--allow"),
        (&["tcp:127.0.0.1:0", "./t", "--max-conns-per-user", "1"], "--max-conns-per-user"),
        (&["-", "./t", "--mode", "600"], "--mode"),
        (&["-", "./t", "--max-conns", "5"], "--max-conns"),
        (&["-", "./t", "--ready-fd", "3"], "--ready-fd"),
        (&["-", "./t", "--ready-file", "ready"], "--ready-file"),
        (&["./s", "-", "--max-conns", "5"], "--max-conns"),
        (&["./s", "./s"], "itself"),
        (&["./s", "./t", "--expose"], "--expose"),
        (&["./s", "./t", "--sddl", "D:"], "--sddl"),
        (&["./s", "./t", "--pass-fds", "--copy", "splice"], "--copy splice"),
        (&["./s", "tcp:localhost:80", "--pass-fds"], "--pass-fds"),
        (&["tcp:127.0.0.1:0", "./t", "--pass-fds"], "--pass-fds"),
        (&["-", "./t", "--pass-fds"], "--pass-fds"),
        (&["./s", "-", "--pass-fds"], "--pass-fds"),
        (&["./s", "exec:cat", "--pass-fds", "--buffer", "64K"], "--pass-fds"),
        (&["./s", "exec:cat", "--wait"], "--wait"),
        (&["./s", "-", "--timeout", "1s"], "--connect-timeout"),
        (&["./s", "exec:cat", "--progress=always"], "--progress"),
        (&["./s", "./t", "--send-only", "--recv-only"], "--recv-only"),
        (&["./s", "./t", "-k"], "-k"),
        (&["./s", "./t", "--merge"], "--merge"),
        (&["./s", "./t", "--max-conns", "0"], "--max-conns"),
        (&["./s", "./t", "--idle-timeout", "0s"], "more than zero"),
        (&["./s", "./t", "--ready-fd", "77"], "--ready-fd"),
    ];
    scene.expect_wrong_usage(&["relay"], cases);
}

#[test]
fn a_tcp_port_for_other_machines_needs_expose() {
    let scene = Scene::new();
    for listen in ["tcp:0.0.0.0:0", "tcp:[::]:0"] {
        let outcome = scene.relay(listen, "./t").run();
        outcome.fails(2).says(listen).says("--expose").does_not_say("listening");
    }
    let (_serving, target) = scene.echo("./t");
    let relay = scene.relay("tcp:0.0.0.0:0", &target).arg("--expose").start_listening();
    let name = relay.listen_name();
    let (_, port) = name.rsplit_once(':').unwrap();
    assert!(name.starts_with("tcp:0.0.0.0:") && port != "0", "{name}");
    scene.wire(&format!("tcp:127.0.0.1:{port}")).expect_echo("hi");
}

#[test]
fn the_port_that_the_system_chooses_is_reported() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for listen in ["tcp:127.0.0.1:0", "tcp:localhost:0"] {
        let relay = scene.relay(listen, &target).start_listening();
        let name = relay.listen_name();
        assert!(name.starts_with(listen.trim_end_matches('0')) && !name.ends_with(":0"));
        relay.wait_for_message(&format!("listening on {name} (TCP port)"));
        scene.wire(&name).expect_echo("hi");
    }
}

#[test]
fn a_port_in_use_is_status_3() {
    let scene = Scene::new();
    let (_taken, name) = scene.host("tcp:127.0.0.1:0");
    let outcome = scene.relay(&name, "./t").run();
    outcome.fails(3).says(&format!("cannot listen on {name}: address"));
    scene.relay("tcp:no-such-host.invalid:80", "./t").run().code(3).says("no-such-host.invalid");
}

#[test]
fn a_descriptor_that_is_not_a_listening_socket_is_wrong_usage() {
    let scene = Scene::new();
    let script = r#"exec 3<&0 0</dev/null; exec "$0" relay fd:3 ./t "$@""#;
    let lsock = |stdin: OwnedFd, args: &[&str]| {
        let shell = scene.shell(script);
        shell.args(args).stdin(stdin).run()
    };
    let (Host::Local(listener), _) = scene.host("./l") else { panic!("a local socket") };
    let connected = std::os::unix::net::UnixStream::connect(scene.path("l")).unwrap();
    let datagrams = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let file = File::open(scene.folder()).unwrap();
    for fd in [connected.into(), datagrams.into(), file.into()] {
        lsock(fd, &[]).fails(2).says("fd:3");
    }
    for args in [&["--mode", "600"][..], &["--replace"], &["--backlog", "1"], &["--expose"]] {
        let fd = listener.try_clone().unwrap().into();
        lsock(fd, args).fails(2).says(args[0]);
    }
    let (tcp, _) = scene.host("tcp:127.0.0.1:0");
    lsock(tcp.into(), &["--allow", "any"]).fails(2).says("--allow");
}

#[test]
fn explain_prints_the_plan_and_opens_nothing() {
    let scene = Scene::new();
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["./s", "./t"],
            &["listen on    ./s (socket file)", "connect to   ./t (socket file)", "all at once"],
        ),
        (
            &["tcp:127.0.0.1:0", "tcp:localhost:80", "--once", "--wait=2s"],
            &["listen on    tcp:127.0.0.1:0", "connect to   tcp:localhost:80", "at most 2s", "one"],
        ),
        (&["./s", "-"], &["join to      stdin and stdout", "one after another"]),
        (&["-", "./t"], &["listen on    stdin and stdout, the one client", "./t"]),
        (&["./s", "exec:cat -n"], &["join to      the command `cat -n`"]),
        (&["./s", "./t", "--pass-fds"], &["descriptors  passed on"]),
        (&["./s", "./t", "--eof", "close"], &["descriptors  closed", "close: the other"]),
    ];
    for (args, parts) in cases {
        scene.lsock(["relay", "--explain"]).args(*args).run().silent().prints_all(parts);
        scene.expect_empty();
    }
}
