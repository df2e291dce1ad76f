//! How a relay begins and ends: signals, the name it listens on, and others that want it.

use crate::harness::{Running, Scene, Wire, data, signal, wait_until};
use rustix::process::Signal;
use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, symlink},
        net::UnixListener,
    },
    thread,
    time::{Duration, Instant},
};

fn served_client(scene: &Scene) -> Wire {
    let mut client = scene.wire("./s");
    client.send("x");
    client.expect("x");
    client
}

#[test]
fn each_signal_removes_the_name_and_ends_it() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for number in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        for args in [&[&*target][..], &["exec:cat"], &["-"], &["-", "--once"]] {
            let relay =
                scene.lsock(["relay", "-v", "./s"]).args(args).open_input().start_listening();
            assert_eq!(scene.files(), ["s", "t"]);
            signal(&relay, number);
            relay.end().died_of(number).output("");
            assert_eq!(scene.files(), ["t"], "{number:?} {args:?}");
        }
    }
    let relay = scene.relay("-", &target).open_input().start();
    relay.wait_for_message("connection 1");
    relay.terminate();
}

#[test]
fn a_hundred_transfers_end_whole() {
    const SIZE: usize = 400_000;
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).args(["--grace", "1m"]).start_listening();
    let bytes = data(SIZE);
    let mut clients: Vec<_> = (0..100).map(|_| scene.wire("./s")).collect();
    // All of them are in the middle of it.
    for client in &mut clients {
        client.send(&bytes[..SIZE / 4]);
        client.expect(&bytes[..SIZE / 4]);
    }
    signal(&relay, Signal::TERM);
    relay.wait_for_message("got signal 15");
    wait_until("the name has gone", || scene.files() == ["t"]);
    for mut client in clients {
        assert!(client.exchange(&bytes[SIZE / 4..]) == bytes[SIZE / 4..]);
    }
    let outcome = relay.end().died_of(Signal::TERM).does_not_say("warning");
    outcome.says("in total: 100 connections, 40000000 bytes to targets, 40000000 bytes back");
}

#[test]
fn stuck_connections_are_closed_after_the_grace_time() {
    let scene = Scene::new();
    let (_serving, echo) = scene.echo("./t");
    for target in [&echo, "exec:cat", "-"] {
        let args = [target, "--grace", "300ms"];
        let relay = scene.lsock(["relay", "-v", "./s"]).args(args).open_input().start_listening();
        let mut client = scene.wire("./s");
        client.send("x");
        if target == "-" {
            relay.wait_for_output("x");
        } else {
            client.expect("x");
        }
        let start = Instant::now();
        signal(&relay, Signal::INT);
        let outcome = relay.end().died_of(Signal::INT);
        assert!(outcome.stderr.contains("within the grace time"), "{}", outcome.report());
        assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert_eq!(client.rest_whatever_happens(), b"", "{target}");
    }
    assert_eq!(scene.files(), ["t"]);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).args(["--grace", "10m"]).start_listening();
    let mut client = served_client(&scene);
    signal(&relay, Signal::TERM);
    wait_until("the name has gone", || scene.files() == ["t"]);
    signal(&relay, Signal::INT);
    relay.end().died_of(Signal::INT);
    assert_eq!(client.rest_whatever_happens(), b"");
}

/// They waited to be accepted when it came: what they have sent is not lost, and they have
/// no reason to believe that nobody serves them.
#[test]
fn clients_that_had_connected_before_a_signal_are_served() {
    const COUNT: usize = 8;
    for listen in ["./s", "tcp:127.0.0.1:0"] {
        let scene = Scene::new();
        let target = scene.listen("./t").arg("-k").start_listening();
        let relay = scene.relay(listen, "./t").start_listening();
        let place = relay.place();
        signal(&relay, Signal::STOP);
        let sender = (listen == "./s").then(|| {
            let sender = scene.connect(&place).args(["-v", "--send-only"]).input("line\n").start();
            sender.wait_for_message("connected to");
            sender
        });
        // Some have gone by the time that they are accepted.
        for _ in 0..COUNT {
            scene.wire(&place).send("line\n");
        }
        let mut clients: Vec<_> = (0..COUNT).map(|_| scene.wire(&place)).collect();
        for client in &mut clients {
            client.send("line\n");
            client.end();
        }
        signal(&relay, Signal::TERM);
        signal(&relay, Signal::CONT);
        let outcome = relay.end().died_of(Signal::TERM).does_not_say("warning");
        let count = 2 * COUNT + usize::from(sender.is_some());
        outcome.says(&format!("in total: {count} connections"));
        target.wait_for_output("line\n".repeat(count));
        if let Some(sender) = sender {
            sender.end().ok().output("");
        }
        clients.iter_mut().for_each(|client| assert_eq!(client.rest(), b""));
        assert_eq!(scene.files(), ["t"]);
    }
}

/// Their answers come as well, also from commands.
#[test]
fn clients_that_had_connected_before_a_signal_are_answered() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let commands: [&[&str]; 4] = [
        &["relay", "./s", &target],
        &["relay", "./s", "exec:cat"],
        &["relay", "./s", "exec:cat", "--buffer", "64K"],
        &["listen", "./s", "-k", "--", "cat"],
    ];
    for args in commands {
        let server = scene.lsock(args).start();
        served_client(&scene);
        signal(&server, Signal::STOP);
        let mut clients: Vec<_> = (0..8).map(|_| scene.wire("./s")).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(format!("request {number}"));
        }
        signal(&server, Signal::TERM);
        signal(&server, Signal::CONT);
        for (number, client) in clients.iter_mut().enumerate() {
            client.end();
            assert_eq!(client.rest(), format!("request {number}").as_bytes(), "{args:?}");
        }
        server.end().died_of(Signal::TERM).output("");
        assert_eq!(scene.files(), ["t"], "{args:?}");
    }
}

/// The grace time holds for those that have not reached the target yet, too.
#[test]
fn clients_that_wait_for_the_target_are_closed_in_the_end() {
    let scene = Scene::new();
    let args = ["./t", "--wait", "--grace", "200ms", "-vv"];
    let relay = scene.lsock(["relay", "-v", "./s"]).args(args).start_listening();
    let mut client = scene.wire("./s");
    client.send("x");
    relay.wait_for_message("trying again");
    relay.terminate();
    assert_eq!(client.rest_whatever_happens(), b"");
}

#[test]
fn a_killed_one_leaves_a_file_that_the_next_takes_over() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for _ in 0..5 {
        let relay = scene.relay("./s", &target).start_listening();
        let mut client = served_client(&scene);
        relay.kill();
        assert_eq!(client.rest_whatever_happens(), b"");
        assert_eq!(scene.files(), ["s", "t"]);
    }
}

#[test]
fn of_those_that_start_at_once_one_serves() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for (count, is_stale) in [(2, false), (2, true), (10, false), (10, true)] {
        if is_stale {
            drop(UnixListener::bind(scene.path("s")).unwrap());
        }
        let mut starters: Vec<_> =
            (0..count).map(|_| scene.relay("./s", &target).start()).collect();
        wait_until("all but one have ended", || {
            starters.iter_mut().map(Running::is_running).filter(|runs| *runs).count() <= 1
        });
        let position = starters.iter_mut().position(Running::is_running).expect("one serves");
        let relay = starters.remove(position);
        for starter in starters {
            starter.end().fails(3).says("a live server holds the name");
        }
        scene.wire("./s").expect_echo("hi");
        relay.terminate();
        assert_eq!(scene.files(), ["t"]);
    }
}

#[test]
fn replace_takes_over_from_a_live_one_which_serves_its_clients_on() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let old = scene.relay("./s", &target).start_listening();
    let mut client = served_client(&scene);
    let new = scene.relay("./s", "exec:echo new").arg("--replace").start_listening();
    scene.wire("./s").expect_rest("new\n");
    client.expect_echo("still");
    old.terminate();
    // The file is the successor's.
    scene.wire("./s").expect_rest("new\n");
    new.terminate();
    assert_eq!(scene.files(), ["t"]);
}

/// Somebody removes the file, and another server or a file takes its place.
#[test]
fn a_foreign_file_under_the_name_is_left() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for put in ["nothing", "a socket", "a file"] {
        let relay = scene.relay("./s", &target).start_listening();
        let mut client = served_client(&scene);
        fs::remove_file(scene.path("s")).unwrap();
        let _foreign = (put == "a socket").then(|| UnixListener::bind(scene.path("s")).unwrap());
        if put == "a file" {
            fs::write(scene.path("s"), "precious").unwrap();
        }
        // Who is connected is served.
        client.expect_echo("still");
        relay.terminate();
        match put {
            "nothing" => assert_eq!(scene.files(), ["t"]),
            "a socket" => {
                assert!(scene.path("s").symlink_metadata().unwrap().file_type().is_socket());
            }
            _ => assert_eq!(fs::read_to_string(scene.path("s")).unwrap(), "precious"),
        }
        let _ = fs::remove_file(scene.path("s"));
    }
}

#[test]
fn what_is_not_a_socket_is_never_touched() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "precious").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(scene.path("fifo")).status();
    assert!(made.unwrap().success());
    drop(UnixListener::bind(scene.path("stale")).unwrap());
    symlink("stale", scene.path("link")).unwrap();
    let before = scene.files();
    let cases = [
        ("./file", "a regular file"),
        ("./folder", "a folder"),
        ("./fifo", "a fifo"),
        ("./link", "a symbolic link"),
    ];
    for (name, what) in cases {
        let inode = || scene.path(name).symlink_metadata().unwrap().ino();
        let old = inode();
        for args in [&["./t"][..], &["./t", "--replace"], &["exec:cat"]] {
            scene.lsock(["relay", name]).args(args).run().fails(3).says(what).says("hint: ");
            assert_eq!(inode(), old);
        }
    }
    assert_eq!(scene.files(), before);
    assert_eq!(fs::read_to_string(scene.path("file")).unwrap(), "precious");
    let outcome = scene.lsock(["relay", "./missing/s", "./t"]).run().fails(3);
    outcome.says("hint: the folder of a socket file has to exist");
}

/// The same for what clients are connected to.
#[test]
fn a_target_that_is_not_a_socket_is_never_touched() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "precious").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    for target in ["./file", "./folder"] {
        let relay = scene.relay("./s", target).start_listening();
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
        relay.wait_for_message(&format!("warning: connection 1: cannot connect to {target}: "));
    }
    assert_eq!(fs::read_to_string(scene.path("file")).unwrap(), "precious");
}

/// Signals come from the first moment on.
#[test]
fn an_early_signal_ends_it_as_well() {
    let scene = Scene::new();
    for number in 0..40_u64 {
        // Both have several threads.
        let args = match number % 2 {
            0 => &["relay", "./s", "./t"][..],
            _ => &["listen", "./s", "-k", "--", "cat"],
        };
        let relay = scene.lsock(args).start();
        crate::harness::wait_for_file(&scene.path("s"));
        // Now here, now there in what it does first.
        thread::sleep(Duration::from_micros(number * 60));
        relay.terminate();
        scene.expect_empty();
    }
}

/// Clients that had connected before a signal came keep to the limit, too: one after another
/// has stdin and stdout.
#[test]
fn clients_that_are_served_after_a_signal_have_their_turns() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "-").args(["--grace", "30s"]).start_listening();
    signal(&relay, Signal::STOP);
    let bytes = data(300_000);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let mut client = scene.wire("./s");
            let bytes = bytes.clone();
            thread::spawn(move || {
                client.send(&bytes);
                drop(client);
            })
        })
        .collect();
    signal(&relay, Signal::TERM);
    signal(&relay, Signal::CONT);
    clients.into_iter().for_each(|client| client.join().unwrap());
    relay.end().died_of(Signal::TERM).output(bytes.repeat(3));
}
