//! `connect` to servers that do not exist, start later, or have a full backlog.

use crate::harness::Scene;
use std::time::{Duration, Instant};

#[test]
fn an_absent_server_is_status_3_at_once() {
    let scene = Scene::new();
    let outcome = scene.connect(scene.word()).args(["--timeout", "30s"]).run().fails(3).output("");
    outcome.says(scene.word()).says("hint: nobody listens there").says("--wait");
}

#[test]
fn with_wait_a_server_can_start_later() {
    let scene = Scene::new();
    for wait in ["--wait", "--wait=40s"] {
        let client = scene.connect(scene.word()).args(["-vv", wait]).input("early").start();
        client.wait_for_message("trying again");
        scene.listen(scene.word()).input("late").run().ok().output("early");
        client.end().ok().output("late");
    }
}

#[test]
fn wait_is_limited_by_its_value() {
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
fn wait_does_not_take_the_name_for_its_value() {
    let scene = Scene::new();
    let client = scene.lsock(["connect", "-vv", "--wait", scene.word()]).start();
    client.wait_for_message("trying again");
    client.kill();
}

// The BSDs and macOS refuse at once if the backlog is full.
#[cfg(target_os = "linux")]
mod full_backlog {
    use super::*;
    use crate::harness::wait_until;
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept, bind, connect, listen,
        socket_with,
    };
    use std::{os::fd::OwnedFd, thread};

    /// Returns a listening socket and the clients that fill its backlog.
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
    fn a_busy_server_is_status_4_after_the_timeout() {
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
    fn a_busy_server_can_accept_later() {
        let scene = Scene::new();
        let (server, waiting) = busy_server(&scene);
        let client = scene.connect("./busy").args(["--timeout", "40s"]).input("at last").start();
        let accepting = thread::spawn(move || {
            // The last client is lsock.
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
