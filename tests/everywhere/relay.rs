//! `relay` between names, TCP ports, stdin and stdout.

use super::{LSOCK, echo_each};
use crate::harness::{Scene, assert_bytes, data};
use local_socket::Name;
use std::{io::Read, thread};

/// Two sizes that fit in a buffer, and one that does not.
const SIZES: [usize; 3] = [1, 70_000, 3_000_001];

#[test]
fn bytes_pass_in_both_directions_between_two_names() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let relay = scene.relay(scene.word(), &behind).start_listening();
    for (number, size) in (1..).zip(SIZES) {
        let (there, here) = (data(size), data(size / 2 + 1));
        let target = scene.listen(&behind).input(there.clone()).start_listening();
        let client = scene.connect(scene.word()).input(here.clone());
        client.run().silent().output(&there);
        target.end().ok().output(&here);
        let [to_target, back] = [here.len(), there.len()].map(|count| match count {
            1 => "1 byte".to_owned(),
            _ => format!("{count} bytes"),
        });
        relay.wait_for_message(&format!(
            "connection {number}: {to_target} to the target, {back} back"
        ));
    }
}

#[test]
fn an_answer_after_the_end_of_the_request_is_delivered() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let server = echo_each(&scene, &behind, SIZES.len() + 1);
    let _relay = scene.relay(scene.word(), &behind).start_listening();
    for size in SIZES {
        scene.wire(scene.word()).expect_echo(data(size));
    }
    scene.connect(scene.word()).input("request").run().silent().output("request");
    server.join().unwrap();
}

#[test]
fn many_clients_are_served_at_once() {
    const CLIENTS: usize = 20;
    let scene = Scene::new();
    let behind = scene.other_word();
    let (host, _) = scene.host(&behind);
    let server = thread::spawn(move || {
        // The first client gets its answer when all have connected.
        let wires: Vec<_> = (0..CLIENTS).map(|_| host.accept()).collect();
        for mut wire in wires {
            let request = wire.rest();
            wire.send(request);
        }
    });
    let _relay = scene.relay(scene.word(), &behind).start_listening();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let scene = &scene;
            scope.spawn(move || scene.wire(scene.word()).expect_echo(data(10_000 * client)));
        }
    });
    server.join().unwrap();
}

#[test]
fn bytes_pass_from_a_tcp_port_to_a_name() {
    let scene = Scene::new();
    let server = echo_each(&scene, scene.word(), SIZES.len());
    let relay = scene.relay("tcp:127.0.0.1:0", scene.word()).start_listening();
    let name = relay.listen_name();
    assert!(name.starts_with("tcp:127.0.0.1:") && !name.ends_with(":0"), "{name}");
    for size in SIZES {
        scene.wire(&name).expect_echo(data(size));
    }
    server.join().unwrap();
    relay.wait_for_message("connection 1 from tcp:127.0.0.1:");
    let outcome = scene.relay(&name, scene.word()).run();
    outcome.fails(3).says(&format!("cannot listen on {name}: "));
}

#[test]
fn bytes_pass_from_a_name_to_a_tcp_port() {
    let scene = Scene::new();
    let (host, target) = scene.host("tcp:127.0.0.1:0");
    let server = host.serve_each(SIZES.len(), |mut wire| {
        let request = wire.rest();
        wire.send(request);
    });
    let _relay = scene.relay(scene.word(), &target).start_listening();
    for size in SIZES {
        scene.wire(scene.word()).expect_echo(data(size));
    }
    server.join().unwrap();
}

#[test]
fn stdin_and_stdout_are_the_client() {
    let scene = Scene::new();
    let server = echo_each(&scene, scene.word(), SIZES.len());
    for size in SIZES {
        let relay = scene.lsock(["relay", "-", scene.word()]).input(data(size));
        relay.run().silent().output(data(size));
    }
    server.join().unwrap();
    let missing = scene.other_word();
    let outcome = scene.lsock(["relay", "-", &missing]).input("lost").run();
    outcome.fails(3).says(&missing).output("");
}

#[test]
fn stdin_and_stdout_are_the_target() {
    let scene = Scene::new();
    let (there, here) = (data(2_000_003), data(3_000_001));
    let relay = scene.relay(scene.word(), "-").arg("--once").input(there.clone());
    let relay = relay.start_listening();
    assert_bytes(&scene.wire(scene.word()).exchange(&here), &there, || relay.report());
    relay.end().ok().output(&here);

    // The first client gets all of the input.
    let mut relay = scene.relay(scene.word(), "-").input("once").start_listening();
    for (number, answer) in (1..).zip(["once", "", ""]) {
        assert_eq!(scene.wire(scene.word()).exchange(b"request "), answer.as_bytes());
        relay.wait_for_output("request ".repeat(number));
    }
    assert!(relay.is_running());
}

#[test]
fn an_absent_target_ends_the_connection_and_is_tried_again() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let mut relay = scene.relay(scene.word(), &behind).start_listening();
    for number in 1..=2 {
        assert_eq!(scene.wire(scene.word()).rest_whatever_happens(), b"");
        relay.wait_for_message(&format!(
            "warning: connection {number}: cannot connect to {}",
            Name::parse(&behind).unwrap()
        ));
    }
    let server = echo_each(&scene, &behind, 1);
    scene.wire(scene.word()).expect_echo("hi");
    server.join().unwrap();
    assert!(relay.is_running());
}

#[test]
fn with_wait_clients_wait_for_the_target() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let relay = scene.relay(scene.word(), &behind).args(["--wait", "-vv"]).start_listening();
    let mut client = scene.wire(scene.word());
    client.send("early");
    relay.wait_for_message("trying again");
    let server = echo_each(&scene, &behind, 1);
    assert_eq!(client.exchange(b" and late"), b"early and late");
    server.join().unwrap();
    relay.kill();

    let relay = scene.relay(scene.word(), &behind).arg("--wait=200ms").start_listening();
    assert_eq!(scene.wire(scene.word()).rest_whatever_happens(), b"");
    relay.wait_for_message("warning: connection 1: ");
    relay.wait_for_message("gave up after 200ms");
}

#[test]
fn with_once_the_relay_ends_with_its_only_client() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let server = echo_each(&scene, &behind, 1);
    let relay = scene.relay(scene.word(), &behind).arg("--once").start_listening();
    scene.wire(scene.word()).expect_echo(data(1_000_000));
    let outcome = relay.end().ok().output("").does_not_say("warning");
    outcome.says("connection 1: 1000000 bytes to the target, 1000000 bytes back");
    server.join().unwrap();
    // A failed connect is the failure of the relay.
    let relay = scene.relay(scene.word(), &behind).arg("--once").start_listening();
    assert_eq!(scene.wire(scene.word()).rest_whatever_happens(), b"");
    relay.end().code(3).says(&behind);
}

#[test]
fn a_killed_peer_ends_its_connection_only() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let mut relay = scene.relay(scene.word(), &behind).start_listening();
    let target = scene.listen(&behind).input("there").start_listening();
    let mut client = scene.wire(scene.word());
    client.send("here");
    target.wait_for_output("here");
    client.read_exact(&mut [0; 5]).unwrap();
    target.kill();
    assert_eq!(client.rest_whatever_happens(), b"");

    let target = scene.listen(&behind).arg("--recv-only").start_listening();
    let mut client = scene.connect(scene.word()).open_input().start();
    client.send("here");
    target.wait_for_output("here");
    client.kill();
    target.end().output("here");
    assert!(relay.is_running());
}

#[test]
fn arguments_that_exclude_each_other_are_wrong_usage() {
    let scene = Scene::new();
    let (one, two) = (scene.word(), &*scene.other_word());
    let cases: &[(&[&str], &str)] = &[
        (&["-", "-"], "both ends"),
        (&[one], "TARGET"),
        (&[one, one], "itself"),
        (&[one, two, "--", LSOCK], "cannot be used with"),
        (&["exec:cat", two], "cannot be listened on"),
        (&["fd:1", two], "from 3 on"),
        (&[one, "tcp:localhost"], "tcp:HOST:PORT"),
        (&["tcp:0.0.0.0:0", two], "--expose"),
        (&["-", two, "--max-conns", "5"], "--max-conns"),
        (&[one, "-", "--wait"], "--wait"),
        (&[one, "tcp:localhost:80", "--pass-fds"], "--pass-fds"),
        (&[one, two, "--sddl", ""], "it takes a security descriptor"),
        (&[one, two, "--sddl", " "], "it takes a security descriptor"),
    ];
    scene.expect_wrong_usage(&["relay"], cases);
}

#[test]
#[cfg(windows)]
fn terminals_are_refused_with_the_reason() {
    let scene = Scene::new();
    let text =
        "pty:LINK is not available: Windows has no terminals that programs can open by a path";
    let cases: &[(&[&str], &str)] =
        &[(&["pty:./tty", scene.word()], text), (&[scene.word(), "pty:./tty"], text)];
    scene.expect_wrong_usage(&["relay"], cases);
}

#[test]
fn explain_prints_the_plan() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let shown = |name: &str| Name::parse(name).unwrap().to_string();
    let connects = format!("connect to   {}", shown(&behind));
    let listens = format!("listen on    {}", shown(scene.word()));
    let cases: &[(&[&str], &[&str])] = &[
        (&[scene.word(), &behind], &[&listens, &connects, "clients      all at once"]),
        (&["-", &behind], &["listen on    stdin and stdout, the one client", &connects]),
        (&[scene.word(), "-"], &[&listens, "join to      stdin and stdout", "one after another"]),
    ];
    for (args, parts) in cases {
        let outcome = scene.lsock(["relay", "--explain"]).args(*args).run().silent();
        let outcome = outcome.prints_all(parts);
        assert_eq!(outcome.stdout_text().contains("descriptors  "), cfg!(unix));
    }
}
