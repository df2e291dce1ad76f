//! `lsock connect`: what is not there, what is not there yet, what is busy.

use crate::harness::Scene;
use std::time::{Duration, Instant};

#[test]
fn to_nothing_fails_at_once() {
    let scene = Scene::new();
    let outcome = scene.connect(scene.word()).args(["--timeout", "30s"]).run().fails(3).output("");
    outcome.says(scene.word()).says("hint: nobody listens there").says("--wait");
}

#[test]
fn waits_for_a_server_that_starts_later() {
    let scene = Scene::new();
    for wait in ["--wait", "--wait=40s"] {
        let client = scene.connect(scene.word()).args(["-vv", wait]).input("early").start();
        client.wait_for_message("trying again");
        scene.listen(scene.word()).input("late").run().ok().output("early");
        client.end().ok().output("late");
    }
}

#[test]
fn waits_no_longer_than_it_is_told_to() {
    let scene = Scene::new();
    for (wait, least) in [("--wait=0s", 0), ("--wait=1ms", 1), ("--wait=400ms", 400)] {
        let start = Instant::now();
        scene.connect(scene.word()).arg(wait).run().fails(4).says("--wait").says("hint: ");
        let time = start.elapsed();
        assert!(time >= Duration::from_millis(least), "{wait}: after {time:?}");
        assert!(time < Duration::from_secs(20), "{wait}: after {time:?}");
    }
}

#[test]
fn does_not_wait_for_a_value_of_its_own() {
    // `--wait NAME` must not take the name for a duration.
    let scene = Scene::new();
    let client = scene.lsock(["connect", "-vv", "--wait", scene.word()]).start();
    client.wait_for_message("trying again");
    client.kill();
}

// The BSDs and macOS refuse at once when a backlog is full.
#[cfg(target_os = "linux")]
mod full {
    use super::*;
    use crate::harness::wait_until;
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept, bind, connect, listen,
        socket_with,
    };
    use std::{os::fd::OwnedFd, thread};

    /// A server that accepts nobody, and its waiting clients: no more fit.
    fn busy_server(scene: &Scene) -> (OwnedFd, Vec<OwnedFd>) {
        let socket = |flags| socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
        let address = SocketAddrUnix::new(scene.path("busy")).unwrap();
        let server = socket(SocketFlags::CLOEXEC).unwrap();
        bind(&server, &address).unwrap();
        listen(&server, 0).unwrap();
        let mut clients = Vec::new();
        loop {
            let client = socket(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).unwrap();
            if connect(&client, &address).is_err() {
                return (server, clients);
            }
            clients.push(client);
        }
    }

    #[test]
    fn gives_up_on_a_busy_server_in_time() {
        let scene = Scene::new();
        let _busy = busy_server(&scene);
        let cases = [
            (&["--timeout", "400ms"][..], "--timeout"),
            (&["--wait=400ms"], "--wait"),
            (&["--wait=400ms", "--timeout", "1m"], "--wait"),
            (&["--wait", "--timeout", "400ms"], "--timeout"),
        ];
        for (args, option) in cases {
            let start = Instant::now();
            let outcome = scene.connect("./busy").args(args).run().fails(4);
            let time = start.elapsed();
            outcome.says("./busy").says(&format!("hint: a longer {option}"));
            assert!(time >= Duration::from_millis(400), "{args:?}: after {time:?}");
            assert!(time < Duration::from_secs(20), "{args:?}: after {time:?}");
        }
    }

    #[test]
    fn is_served_once_a_busy_server_has_time() {
        let scene = Scene::new();
        let (server, waiting) = busy_server(&scene);
        let client = scene.connect("./busy").args(["--timeout", "40s"]).input("at last").start();
        let accepting = thread::spawn(move || {
            // The last one is lsock.
            let mut last = Vec::new();
            for _ in 0..=waiting.len() {
                last.push(accept(&server).unwrap());
            }
            last.pop().unwrap()
        });
        let stream = accepting.join().unwrap();
        let mut bytes = Vec::new();
        let mut buffer = [0; 100];
        wait_until("everything has come", || {
            let read = rustix::io::read(&stream, &mut buffer).unwrap();
            bytes.extend_from_slice(&buffer[..read]);
            read == 0
        });
        assert_eq!(bytes, b"at last");
        drop(stream);
        client.end().silent();
    }
}
