//! `listen` and `connect`: commands, `-k`, late answers, losses and names.

use super::LSOCK;
use crate::harness::{Cmd, Scene, data};
use local_socket::Name;
use std::{
    fs::{self, File},
    io::Read,
    thread,
    time::Duration,
};

#[test]
fn an_answer_long_after_the_end_of_the_request_is_complete() {
    let scene = Scene::new();
    for (size, seconds) in [(1, 1), (3 << 20, 3)] {
        let server = scene.host(scene.word()).0.serve_each(1, move |mut wire| {
            wire.expect_rest(data(size / 2));
            // Time is the subject: the answer is late.
            thread::sleep(Duration::from_secs(seconds));
            wire.send(data(size));
        });
        scene.connect(scene.word()).input(data(size / 2)).run().silent().output(data(size));
        server.join().unwrap();
    }
}

#[test]
fn a_command_can_be_another_client() {
    let scene = Scene::new();
    let (there, here) = (data(3_000_001), data(2_000_003));
    let behind = scene.other_word();
    let target = scene.listen(&behind).input(there.clone()).start_listening();
    let server = scene.listen(scene.word()).args(["--", LSOCK, "connect", &behind]);
    let server = server.start_listening();
    scene.connect(scene.word()).input(here.clone()).run().silent().output(there);
    server.end().ok().output("");
    target.end().ok().output(here);
}

#[test]
fn with_k_each_client_gets_a_command() {
    let scene = Scene::new();
    let behind = scene.other_word();
    let target = scene.listen(&behind).arg("-k").start_listening();
    let args = ["-k", "--", LSOCK, "connect", "--timeout", "30s", &behind];
    let server = scene.listen(scene.word()).args(args).start_listening();
    let clients: Vec<_> =
        (0..4).map(|_| scene.connect(scene.word()).input("together").start()).collect();
    for client in clients {
        client.end().silent().output("");
    }
    target.wait_for_output("together".repeat(4));
    for number in 1..=4 {
        server.wait_for_message(&format!("connection {number}: command ended with 0"));
    }
}

#[test]
fn with_k_clients_are_served_one_after_another() {
    let scene = Scene::new();
    let bytes = data(200_000);
    let mut server = scene.listen(scene.word()).arg("-k").input("once").start_listening();
    for answer in ["once", "", ""] {
        scene.connect(scene.word()).input(bytes.clone()).run().silent().output(answer);
    }
    server.wait_for_output(bytes.repeat(3));
    assert!(server.is_running());
}

#[test]
fn the_status_of_the_command_is_passed_on() {
    let scene = Scene::new();
    let missing = scene.other_word();
    for (args, code) in [(&["--version"][..], 0), (&["connect"], 2), (&["connect", &missing], 3)] {
        let command = || ["--", LSOCK].iter().chain(args);
        let server = scene.listen(scene.word()).args(command()).start_listening();
        scene.connect(scene.word()).run();
        server.end().code(code);
        let server = scene.listen(scene.word()).start_listening();
        scene.connect(scene.word()).args(command()).run().code(code);
        server.end().ok();
    }
    let server = scene.listen(scene.word()).start_listening();
    let client = scene.connect(scene.word()).args(["--", "no-such-program-anywhere"]);
    // It is an error before the connection.
    client.run().fails(2).says("no-such-program-anywhere");
    scene.connect(scene.word()).run();
    server.end().ok();
}

#[test]
fn the_environment_of_a_command_describes_the_connection() {
    let scene = Scene::new();
    let name = Name::parse(scene.word()).unwrap().to_string();
    let shell: &[&str] = if cfg!(windows) {
        &["cmd", "/c", "echo %LSOCK_NAME% %LSOCK_CONN% %LSOCK_PEER_PID%."]
    } else {
        &["sh", "-c", "echo $LSOCK_NAME $LSOCK_CONN $LSOCK_PEER_PID."]
    };
    let _server = scene.listen(scene.word()).args(["-k", "--"]).args(shell).start_listening();
    for number in 1..=2 {
        let client = scene.connect(scene.word()).start();
        let pid = client.pid();
        let outcome = client.end().silent();
        let expected = format!("{name} {number} {pid}.");
        assert_eq!(outcome.stdout_text().trim_end(), expected, "{}", outcome.report());
    }
}

/// Returns the name of the user that runs the tests, and its security identifier (Windows).
#[cfg(windows)]
fn this_user() -> (String, String) {
    use local_socket::os::windows::{Account, Sid};
    let sid = Sid::current_user().unwrap();
    (Account::of(sid).unwrap().to_string(), sid.to_string())
}
#[cfg(unix)]
fn this_user() -> (String, String) {
    let name = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    (String::from_utf8(name).unwrap().trim_end().to_owned(), String::new())
}

#[test]
fn a_command_gets_the_name_of_the_user() {
    let scene = Scene::new();
    let (name, sid) = this_user();
    let shell: &[&str] = if cfg!(windows) {
        &[
            "cmd",
            "/c",
            "if not defined LSOCK_PEER_SID (echo none) else echo %LSOCK_PEER_USER%,%LSOCK_PEER_SID%,",
        ]
    } else {
        &["sh", "-c", "echo $LSOCK_PEER_USER,$LSOCK_PEER_SID,"]
    };
    let stale = |cmd: Cmd| cmd.env("LSOCK_PEER_USER", "stale").env("LSOCK_PEER_SID", "stale");
    let expected = format!("{name},{sid},");
    for args in [&["listen", "-k"][..], &["relay"], &["listen", "-k", "--idle-timeout", "1m"]] {
        let server = stale(scene.lsock(args).args(["-v", scene.word(), "--"]).args(shell));
        let server = server.start_listening();
        for _ in 0..3 {
            let outcome = scene.connect(scene.word()).run().silent();
            assert_eq!(outcome.stdout_text().trim_end(), expected, "{}", outcome.report());
        }
        drop(server);
    }
    // The peer of a client is the server.
    for args in [&[][..], &["--idle-timeout", "1m"]] {
        let server = scene.listen(scene.word()).start_listening();
        stale(scene.connect(scene.word()).args(args).arg("--").args(shell)).run().silent();
        let outcome = server.end().ok();
        assert_eq!(outcome.stdout_text().trim_end(), expected, "{}", outcome.report());
    }
}

/// Creates a file of 5 MB. A pipe can be empty when the peer closes: nothing would be lost.
fn large_input(scene: &Scene) -> File {
    fs::write(scene.path("in"), data(5_000_000)).unwrap();
    File::open(scene.path("in")).unwrap()
}

#[test]
fn a_peer_that_closes_during_a_transfer_is_status_5() {
    let scene = Scene::new();
    for args in [&[][..], &["--send-only"]] {
        let (host, _) = scene.host(scene.word());
        let server = host.serve_each(1, |mut wire| wire.expect(data(1000)));
        let outcome = scene.connect(scene.word()).args(args).stdin(large_input(&scene)).run();
        outcome.fails(5).says("be delivered to the peer").says("bytes sent)");
        server.join().unwrap();
    }
}

#[test]
fn a_killed_receiver_is_status_5() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).unread_output().start_listening();
    let client = scene.connect(scene.word()).arg("-v").stdin(large_input(&scene)).start();
    server.wait_for_message("connection 1 ");
    server.kill();
    client.end().code(5).says("be delivered to the peer");
}

#[test]
fn an_output_that_is_closed_early_is_a_failure_of_the_sender_only() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).unread_output().start_listening();
    let client = scene.connect(scene.word()).stdin(large_input(&scene)).start();
    server.take_output().read_exact(&mut [0]).unwrap();
    server.end().ok();
    client.end().code(5);
}

#[test]
fn a_name_in_use_is_status_3() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).input("first").start_listening();
    let outcome = scene.listen(scene.word()).run().fails(3);
    outcome.says(scene.word()).says("hint: ").says("another name");
    scene.connect(scene.word()).run().silent().output("first");
    server.end().ok();
}

#[test]
fn invalid_names_are_wrong_usage() {
    let scene = Scene::new();
    let long = "x".repeat(300);
    for name in ["", "@", "fs:", "ns:", "-", "tcp:localhost:1", "exec:cat", "fd:3", &long] {
        for command in ["listen", "connect"] {
            scene.lsock([command, name]).run().fails(2).output("");
        }
    }
    scene.expect_empty();
}
