//! What goes through a relay: from whatever it can listen on, to whatever can be a target.

use crate::harness::{Cmd, Host, Scene, Serving, data};
use std::{fs, io::Read, os::fd::OwnedFd, thread, time::Duration};

/// Around the edges of buffers and pipes, and more than sockets hold.
const SIZES: [usize; 8] = [0, 1, 4095, 4096, 65535, 65536, 65537, 3 << 20];

/// All that can be a target and sends back what it gets.
fn echoing_targets(scene: &Scene) -> Vec<(Vec<String>, Option<Serving>)> {
    let mut names = vec!["./t".to_owned(), "tcp:127.0.0.1:0".to_owned()];
    if cfg!(target_os = "linux") {
        names.push(format!("@{}-target", scene.word()));
    }
    let mut targets: Vec<_> = names
        .iter()
        .map(|name| {
            let (serving, name) = scene.echo(name);
            (vec![name], Some(serving))
        })
        .collect();
    targets.push((vec!["exec:cat".to_owned()], None));
    targets.push((vec!["--".to_owned(), "cat".to_owned()], None));
    targets
}

/// Everything goes through both ways, for every target.
fn everything_goes_through(scene: &Scene, listen: &str) {
    for (target, _serving) in echoing_targets(scene) {
        let relay = scene.lsock(["relay", "-v", listen]).args(&target).start_listening();
        let place = relay.place();
        for size in SIZES {
            let bytes = data(size);
            let echo = scene.wire(&place).exchange(&bytes);
            assert!(echo == bytes, "{listen} {target:?}: {} bytes of {size}", echo.len());
        }
    }
    for size in SIZES {
        let (sent, answer) = (data(size), data(size / 2 + 1));
        let relay = scene.relay(listen, "-").arg("--once").input(answer.clone()).start_listening();
        let received = scene.wire(&relay.place()).exchange(&sent);
        assert!(received == answer, "{listen} -: {} bytes", received.len());
        relay.end().ok().output(sent);
    }
}

#[test]
fn from_a_socket_file() {
    everything_goes_through(&Scene::new(), "./s");
}

#[cfg(target_os = "linux")]
#[test]
fn from_an_abstract_name() {
    let scene = Scene::new();
    everything_goes_through(&scene, &format!("@{}", scene.word()));
}

#[test]
fn from_a_tcp_port() {
    everything_goes_through(&Scene::new(), "tcp:127.0.0.1:0");
}

#[test]
fn from_stdin_and_stdout() {
    let scene = Scene::new();
    for (target, _serving) in echoing_targets(&scene) {
        for size in SIZES {
            let bytes = data(size);
            let relay = scene.lsock(["relay", "-"]).args(&target).input(bytes.clone());
            relay.run().silent().output(&bytes);
        }
    }
}

/// Gives lsock the listener as descriptor 3, and a file of this folder as its input.
fn with_listener(scene: &Scene, listener: Host, args: &[&str]) -> Cmd {
    let script = r#"exec 3<&0 0<in; exec "$0" "$@""#;
    let shell = scene.shell(script);
    shell.args(["relay", "-v", "fd:3"]).args(args).stdin(OwnedFd::from(listener))
}

#[test]
fn from_a_listening_socket_that_came_with_the_process() {
    let scene = Scene::new();
    fs::write(scene.path("in"), "of a file").unwrap();
    let mut names = vec!["./s".to_owned(), "tcp:127.0.0.1:0".to_owned()];
    if cfg!(target_os = "linux") {
        names.push(format!("@{}", scene.word()));
    }
    for name in names {
        for (target, _serving) in echoing_targets(&scene) {
            let (listener, place) = scene.host(&name);
            let target: Vec<_> = target.iter().map(String::as_str).collect();
            let relay = with_listener(&scene, listener, &target).start_listening();
            // In parentheses stands what that is.
            let what = place.strip_prefix("./").unwrap_or(&place);
            relay.wait_for_message(&format!("{what})\n"));
            for size in SIZES {
                let bytes = data(size);
                scene.wire(&place).expect_echo(&bytes);
            }
            relay.kill();
            // Whoever made the socket has to remove its file.
            let _ = fs::remove_file(scene.path("s"));
            let _ = fs::remove_file(scene.path("t"));
        }
        let (listener, place) = scene.host(&name);
        let relay = with_listener(&scene, listener, &["-", "--once"]).start_listening();
        assert_eq!(scene.wire(&place).exchange(b"of a client"), b"of a file");
        relay.end().ok().output("of a client");
        let _ = fs::remove_file(scene.path("s"));
    }
}

/// However it is moved, and from one kind of socket to the other.
#[test]
fn every_way_to_copy() {
    let scene = Scene::new();
    let ways: &[(&[&str], usize)] = &[
        (&["--copy", "buffer"], 3 << 20),
        (&["--copy", "splice"], 3 << 20),
        (&["--copy", "splice", "--buffer", "1000"], 300_000),
        (&["--buffer", "1"], 3000),
        (&["--buffer", "4095"], 500_000),
        (&["--buffer", "65537"], 3 << 20),
        (&["--buffer", "4M"], 9 << 20),
    ];
    for (way, most) in ways {
        if way.contains(&"splice") && !cfg!(target_os = "linux") {
            continue;
        }
        for (listen, target) in
            [("./s", "./t"), ("tcp:127.0.0.1:0", "./t"), ("./s", "tcp:127.0.0.1:0")]
        {
            let (_serving, target) = scene.echo(target);
            let relay = scene.relay(listen, &target).args(*way).start_listening();
            let place = relay.place();
            for size in [0, 1, 3000, *most] {
                let bytes = data(size);
                scene.wire(&place).expect_echo(&bytes);
            }
            let _ = fs::remove_file(scene.path("t"));
        }
        let relay = scene.relay("./s", "exec:cat").args(*way).start_listening();
        let bytes = data(*most);
        scene.wire("./s").expect_echo(&bytes);
        drop(relay);
    }
}

/// Small messages there and back, each one at once.
#[test]
fn messages_are_not_held_back() {
    let scene = Scene::new();
    for (target, _serving) in echoing_targets(&scene) {
        let relay = scene.lsock(["relay", "-v", "tcp:127.0.0.1:0"]).args(&target).start_listening();
        let mut client = scene.wire(&relay.place());
        // Now small, now large: between ways to copy.
        for size in [1, 10, 70_000, 1, 300_000, 1, 1, 65536, 3] {
            let bytes = data(size);
            let mut writer = client.another();
            let sent = bytes.clone();
            let writes = thread::spawn(move || writer.send(sent));
            client.expect(&bytes);
            writes.join().unwrap();
        }
    }
}

/// An answer that comes long after the client has ended its own side.
#[test]
fn an_answer_that_comes_late() {
    const LATE: Duration = Duration::from_secs(3);
    let late = |mut wire: crate::harness::Wire| {
        let request = wire.rest();
        // Time is the subject.
        thread::sleep(LATE);
        wire.send([b"late ", &request[..]].concat());
    };
    let scene = Scene::new();
    let _file = scene.host("./t").0.serve(late);
    let (host, tcp) = scene.host("tcp:127.0.0.1:0");
    let _tcp = host.serve(late);
    let command = "exec:sh -c 'x=$(cat); sleep 3; printf \"late $x\"'";
    let cases = [
        ("./a", vec!["./t"]),
        ("tcp:127.0.0.1:0", vec![&tcp]),
        ("./b", vec![command]),
        ("./c", vec![command, "--buffer", "64K"]),
    ];
    let mut relays: Vec<_> = cases
        .into_iter()
        .map(|(listen, target)| {
            let relay = scene.lsock(["relay", "-v", listen]).args(target).start_listening();
            let client = scene.wire(&relay.place());
            (relay, client)
        })
        .collect();
    let stdio = scene.lsock(["relay", "-", "./t"]).input("request").start();
    let mut to_stdio = scene.relay("./d", "-").arg("--once").open_input().start_listening();
    let mut last = scene.wire("./d");
    for client in relays.iter_mut().map(|(_, client)| client).chain([&mut last]) {
        client.send("request");
        client.end();
    }
    to_stdio.wait_for_end_of_output("request");
    for (relay, client) in &mut relays {
        client.expect_rest("late request");
    }
    stdio.end().silent().output("late request");
    to_stdio.send("late request");
    to_stdio.close_input();
    last.expect_rest("late request");
    to_stdio.end().ok();
}

/// The target ends its side first; what the client sends then still arrives.
#[test]
fn a_target_that_ends_first_still_gets_the_rest() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("./s", "./t").start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    target.send("all of it");
    target.end();
    client.expect_rest("all of it");
    let bytes = data(3_000_000);
    let mut writer = client.another();
    let sent = bytes.clone();
    let writes = thread::spawn(move || {
        writer.send(sent);
        writer.end();
    });
    target.expect_rest(&bytes);
    writes.join().unwrap();
    relay.wait_for_message("connection 1: 3000000 bytes to the target, 9 bytes back in");
}

/// Clients of `-` have stdin and stdout one after another.
#[test]
fn stdin_and_stdout_serve_one_client_after_another() {
    let scene = Scene::new();
    let mut relay = scene.relay("./s", "-").open_input().start_listening();
    let mut first = scene.wire("./s");
    first.send("one ");
    relay.wait_for_output("one ");
    let mut second = scene.wire("./s");
    second.send("two");
    relay.send("for the first");
    first.expect("for the first");
    first.end();
    drop(first);
    relay.wait_for_output("one two");
    relay.send("for the second");
    second.expect("for the second");
    let mut more = [0];
    relay.close_input();
    assert_eq!(second.read(&mut more).unwrap(), 0);
}

/// Whoever reads stdout sees the end of it although there may be more to send.
#[test]
fn the_end_of_what_comes_is_the_end_of_stdout() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let mut relay = scene.lsock(["relay", "-", &target]).open_input().start();
    let mut wire = host.accept();
    wire.send("all");
    wire.end();
    relay.wait_for_end_of_output("all");
    relay.send("more");
    relay.close_input();
    wire.expect_rest("more");
    relay.end().silent();
}
