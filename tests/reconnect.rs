//! `--reconnect`: the standard streams are joined to one server after another.

#[cfg(target_os = "linux")]
mod flowing;
#[cfg(target_os = "linux")]
mod lost;
#[cfg(unix)]
mod relay;
#[cfg(unix)]
mod waiting;

use crate::harness::{Cmd, Host, Scene, wait_until};
use local_socket::{ListenerOptions, Name};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

const LOCAL: &str = "--reconnect goes with a local socket as the target";

/// `lsock connect NAME --reconnect ARGS`
fn connect(scene: &Scene, name: &str, args: &[&str]) -> Cmd {
    scene.connect(name).arg("--reconnect").args(args)
}

/// Listens as the next server. A process of another test that is being started can still have the
/// listener of the last one.
fn next_host(scene: &Scene) -> Host {
    let mut host = None;
    wait_until("nobody listens", || {
        let name = Name::parse(scene.word()).unwrap().into_owned();
        host = ListenerOptions::new().name(name).create_sync().ok();
        host.is_some()
    });
    Host::Word(host.unwrap())
}

#[test]
fn the_answers_of_three_servers_follow_each_other() {
    let scene = Scene::new();
    let client = connect(&scene, scene.word(), &["--recv-only", "--wait"]).start();
    for answer in ["one ", "two ", "three "] {
        next_host(&scene).accept().send(answer);
    }
    client.wait_for_output("one two three ");
    // Silent, and not ended by the end of a server.
    let outcome = client.kill();
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_server_that_is_replaced_while_the_input_is_idle_loses_nothing() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let mut client = connect(&scene, &name, &["--send-only"]).open_input().start();
    let mut first = host.accept();
    client.send("one\n");
    first.expect("one\n");
    drop((first, host));
    // It connects again although there is nothing to send, so that the next line is not lost.
    let host = next_host(&scene);
    let mut second = host.accept();
    client.send("two\n");
    second.expect("two\n");
    client.close_input();
    second.expect_rest("");
    drop(second);
    client.end().silent().output("");
}

#[test]
fn the_end_of_the_input_is_the_end_without_a_server() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let mut client = connect(&scene, &name, &["--send-only", "-v"]).open_input().start();
    let mut wire = host.accept();
    client.send("line\n");
    wire.expect("line\n");
    drop((wire, host));
    client.wait_for_message("connecting again");
    client.close_input();
    client.end().ok().says("connection 1: 5 bytes to the peer, 0 bytes back");
}

#[test]
fn a_server_that_ends_at_once_is_not_connected_to_without_pause() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let _serving = host.serve(move |wire| {
        counted.fetch_add(1, Relaxed);
        drop(wire);
    });
    let start = Instant::now();
    let client = connect(&scene, &name, &["--send-only"]).open_input().start();
    client.wait_for_message("3 times in a row: connecting again and again");
    wait_until("it connects again", || count.load(Relaxed) >= 8);
    // 20, 40, 80, 160, 200, 200, 200 ms.
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    let outcome = client.kill();
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
}

#[test]
fn the_first_server_is_not_waited_for_without_wait() {
    let scene = Scene::new();
    for direction in ["--send-only", "--recv-only"] {
        connect(&scene, scene.word(), &[direction]).input("").run().fails(3);
        let relay = scene.lsock(["relay", "-", scene.word(), "--reconnect", direction]);
        relay.input("").run().fails(3);
    }
}

#[test]
fn the_time_to_the_next_server_is_limited_by_wait() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let args = ["--send-only", "--wait=400ms", "-v"];
    let mut client = connect(&scene, &name, &args).open_input().start();
    let mut wire = host.accept();
    client.send("taken");
    wire.expect("taken");
    drop((wire, host));
    client.wait_for_message("connecting again");
    client.send("left over");
    client.end().code(4).says("gave up after 400ms, --wait").says(
        "9 bytes could not be delivered to the peer: no server was connected again (5 bytes sent)",
    );
}

#[test]
fn what_it_would_do_is_explained() {
    let scene = Scene::new();
    for (wait, text) in [
        (&[][..], "reconnect    wait for the next server: as long as it takes\n"),
        (&["--wait"], "reconnect    wait for the next server: as long as it takes\n"),
        (&["--wait=3s"], "reconnect    wait for the next server: at most 3s\n"),
    ] {
        let word = scene.word();
        connect(&scene, word, &["--send-only", "--explain"]).args(wait).run().silent().prints(text);
        let relay = scene.lsock(["relay", "-", word, "--reconnect", "--explain"]);
        relay.args(wait).run().silent().prints(text);
    }
}

#[test]
fn what_it_does_not_go_with_is_wrong_usage() {
    let scene = Scene::new();
    let name = format!("{}-c", scene.word());
    let both =
        "--reconnect goes with --send-only or --recv-only; for both directions, `lsock relay -";
    scene.expect_wrong_usage(
        &["connect", &name, "--reconnect"],
        &[
            (&[], both),
            (&["--send-only", "--", "cat"], "a command has one connection"),
            (&["--", "cat"], "a command has one connection"),
        ],
    );
    let other = scene.other_word();
    scene.expect_wrong_usage(
        &["relay", "--reconnect"],
        &[
            (&[&name, &other], "--reconnect goes with - as LISTEN"),
            (&["tcp:127.0.0.1:0", &other], "--reconnect goes with - as LISTEN"),
            (&[&name, "-"], LOCAL),
            (&["-", "exec:cat"], LOCAL),
            (&["-", "--", "cat"], LOCAL),
            (&["-", "tcp:127.0.0.1:80"], LOCAL),
        ],
    );
    scene.expect_wrong_usage(&["listen", &name], &[(&["--reconnect"], "'--reconnect'")]);
}
