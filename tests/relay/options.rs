//! The options of a relay: when a transfer ends, what the status is then, who is served,
//! and what is reported.

use crate::harness::{NOBODY, Scene, Wire, data, is_root, signal, wait_until};
use rustix::{io::ioctl_fionread, process::Signal};
use std::{
    io::{ErrorKind, Read},
    thread,
    time::{Duration, Instant},
};

/// Whether there is nothing to read, and no end of file either, for some time.
fn is_silent(wire: &mut Wire) -> bool {
    let Wire::Local(stream) = wire else { panic!("a local socket") };
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let is_silent =
        matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    is_silent
}

#[test]
fn eof_close_ends_both_directions_and_delivers_before() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").args(["--eof", "close"]).start_listening();
    let bytes = data(300_000);
    for client_ends in [true, false] {
        let client = scene.wire("./s");
        let target = host.accept();
        let (mut one, mut other) = if client_ends { (client, target) } else { (target, client) };
        let mut writer = one.another();
        let sent = bytes.clone();
        let writes = thread::spawn(move || {
            writer.send(sent);
            writer.end();
        });
        other.expect_rest(&bytes);
        writes.join().unwrap();
        // The other one has not ended its side.
        one.expect_rest("");
    }
    relay.wait_for_message("connection 2: 0 bytes to the target, 300000 bytes back in");
}

#[test]
fn eof_wait_does_not_tell_the_other_side() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let _relay = scene.relay("./s", "./t").args(["--eof", "wait"]).start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    client.send("hi");
    client.end();
    target.expect("hi");
    assert!(is_silent(&mut target), "the target is told of the end");
    target.send("answer");
    client.expect("answer");
    target.end();
    client.expect_rest("");
    target.expect_rest("");
}

#[test]
fn send_only_reads_nothing_of_the_target() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").arg("--send-only").start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    target.send("not wanted");
    client.send(data(100_000));
    client.end();
    assert!(target.rest_whatever_happens() == data(100_000));
    client.expect_rest("");
    relay.wait_for_message("connection 1: 100000 bytes to the target, 0 bytes back in");
}

#[test]
fn recv_only_reads_nothing_of_the_client() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").arg("--recv-only").start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    client.send("not wanted");
    target.send(data(100_000));
    target.end();
    assert!(client.rest_whatever_happens() == data(100_000));
    target.expect_rest("");
    relay.wait_for_message("connection 1: 0 bytes to the target, 100000 bytes back in");
}

#[test]
fn the_directions_of_stdin_and_stdout_are_those_of_the_connection() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    scene.lsock(["relay", "-", &target, "--send-only"]).input("x").run().silent().output("");
    let (host, target) = scene.host("./u");
    let relay = scene.lsock(["relay", "-", &target, "--recv-only"]).open_input().start();
    let mut wire = host.accept();
    wire.send("answer");
    drop(wire);
    relay.end().silent().output("answer");
    // What clients send is what is written to stdout.
    let relay =
        scene.relay("./s", "-").args(["--once", "--send-only"]).input("no").start_listening();
    assert_eq!(scene.wire("./s").exchange(b"sent"), b"");
    relay.end().ok().output("sent");
    let relay =
        scene.relay("./s", "-").args(["--once", "--recv-only"]).input("yes").start_listening();
    scene.wire("./s").expect_rest("yes");
    relay.end().ok().output("");
}

#[test]
fn linger_limits_what_follows_the_end_of_one_direction() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").args(["--once", "--linger", "300ms"]).start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    assert!(is_silent(&mut target) && is_silent(&mut client), "both directions are open");
    let start = Instant::now();
    client.send("hi");
    client.end();
    client.expect_rest("");
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
    target.expect_rest("hi");
    relay.end().ok().says("ended by --linger");
}

/// Time in which nobody reads does not count.
#[test]
fn linger_gives_a_slow_reader_its_time() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").args(["--once", "--linger", "1s"]).start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    let bytes = data(2 << 20);
    let sent = bytes.clone();
    let writes = thread::spawn(move || target.send(sent));
    wait_until("it comes", || ioctl_fionread(&client).unwrap() > 0);
    client.end();
    // Time is the subject.
    thread::sleep(Duration::from_millis(2500));
    client.expect_rest(&bytes);
    writes.join().unwrap();
    relay.end().ok().does_not_say("ended by");
}

#[test]
fn idle_timeout_ends_a_silent_connection() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let args = ["./t", "--idle-timeout", "200ms"];
    let relay = scene.lsock(["relay", "-v", "./s"]).args(args).arg("--once").start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    client.send("hi");
    client.expect_rest("");
    target.expect_rest("hi");
    relay.end().code(4).says("nothing moved for 200ms");
    // Without --once it is a warning, and the next one is served.
    let relay = scene.lsock(["relay", "-v", "./s"]).args(args).start_listening();
    let mut client = scene.wire("./s");
    let _target = host.accept();
    client.expect_rest("");
    relay.wait_for_message("warning: connection 1: nothing moved for 200ms");
    let mut client = scene.wire("./s");
    client.send("next");
    host.accept().expect("next");
}

#[test]
fn once_serves_one_client_and_ends() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let relay = scene.relay(listen, &target).arg("--once").start_listening();
        let mut client = scene.wire(&relay.place());
        client.send("x");
        client.expect("x");
        // Nobody else would be served: the name has gone.
        assert_eq!(scene.files(), ["t"]);
        client.end();
        client.expect_rest("");
        relay.end().ok().output("").says("in total: 1 connections, 1 bytes to targets, 1 bytes");
    }
}

#[test]
fn max_conns_lets_the_others_wait() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let relay = scene.relay(listen, &target).args(["--max-conns", "2"]).start_listening();
        let place = relay.place();
        let mut clients: Vec<_> = (0..6).map(|_| scene.wire(&place)).collect();
        for client in &mut clients {
            client.send("x");
        }
        clients[0].expect("x");
        clients[1].expect("x");
        for mut client in clients.drain(..2) {
            relay.does_not_say("connection 5");
            client.end();
            client.expect_rest("");
        }
        for client in &mut clients {
            client.end();
        }
        for client in &mut clients {
            client.expect_rest("x");
        }
        relay.wait_for_message("connection 6: 1 bytes to the target");
    }
}

#[test]
fn max_conns_per_user_refuses_further_ones() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let args = [&target, "--max-conns-per-user", "2"];
    let relay = scene.lsock(["relay", "-v", "./s"]).args(args).start_listening();
    let mut clients: Vec<_> = (0..2).map(|_| scene.wire("./s")).collect();
    for client in &mut clients {
        client.send("x");
        client.expect("x");
    }
    scene.wire("./s").expect_rest("");
    relay.wait_for_message("warning: refused a client of a user who has enough connections");
    clients.pop();
    relay.wait_for_message("connection 2: 1 bytes to the target");
    // The place is free a moment after that was said.
    wait_until("another one is served", || {
        drop(scene.wire("./s"));
        relay.log().contains("connection 3")
    });
}

#[test]
fn strangers_are_refused_unless_they_are_allowed() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.lsock_for_all();
    let (_serving, target) = scene.echo("./t");
    let stranger = |name: &str| {
        let stranger = scene.command(scene.path("lsock")).args(["connect", name]).user(NOBODY);
        stranger.input("secret").run()
    };
    let nobody = format!("uid:{NOBODY}");
    let abstract_name = format!("@{}", scene.word());
    let mut cases = vec![
        ("./s", vec![], false),
        ("./s", vec!["--mode", "666"], true),
        ("./s", vec!["--mode", "666", "--allow", "uid:0"], false),
        ("./s", vec!["--mode", "666", "--allow", "any"], true),
    ];
    if cfg!(target_os = "linux") {
        cases.push((&abstract_name, vec![], false));
        cases.push((&abstract_name, vec!["--allow", &nobody], true));
    }
    for (name, args, is_served) in cases {
        let relay = scene.relay(name, &target).args(&args).start_listening();
        let outcome = stranger(name);
        assert_eq!(outcome.stdout == b"secret", is_served, "{name} {args:?} {}", outcome.report());
        assert_eq!(outcome.stdout.is_empty(), !is_served, "{name} {args:?}");
        drop(relay);
    }
}

#[test]
fn ready_fd_is_told_when_clients_can_connect() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let script = r#"exec 3>&1 >/dev/null; exec "$0" "$@""#;
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let shell = scene.shell(script);
        let relay = shell.args(["relay", "-v", listen, &target, "--ready-fd", "3"]).start();
        relay.wait_for_end_of_output("\n");
        scene.wire(&relay.place()).expect_echo("hi");
    }
}

#[test]
fn what_came_of_connections_is_reported() {
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
    signal(&relay, Signal::TERM);
    let outcome = relay.end().died_of(Signal::TERM);
    outcome
        .says("in total: 2 connections, 201000 bytes to targets, 100500 bytes back\n")
        .says(&format!("connection 1 from pid {} uid ", std::process::id()))
        .output("");
}

/// In a script it says nothing.
#[test]
fn without_v_it_is_silent() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = scene.lsock(["relay", "./s", &target, "--once"]).start();
    scene.wire("./s").expect_echo("hi");
    relay.end().silent().output("");
}
