//! What every system shows of commands, `-k`, late answers, losses and names, with no
//! other program than lsock itself and the library.

use crate::harness::{Scene, data};
use local_socket::{ListenerOptions, Name, prelude::*};
use std::{
    fs::File,
    io::{Read, Write},
    thread,
    time::Duration,
};

const LSOCK: &str = env!("CARGO_BIN_EXE_lsock");

/// A second name of the scene.
fn other(scene: &Scene) -> String {
    format!("{}-b", scene.word())
}

/// Accepts one client on a thread, and gives what came of it.
fn serve<T: Send + 'static>(
    scene: &Scene,
    client: impl FnOnce(local_socket::Stream) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let name = Name::parse(scene.word()).unwrap().into_owned();
    let listener = ListenerOptions::new().name(name).create_sync().unwrap();
    thread::spawn(move || client(listener.accept().unwrap()))
}

/// `printf request | lsock connect NAME` gets the whole of an answer that comes after
/// the end of the request.
#[test]
fn an_answer_that_comes_after_the_end_of_the_request() {
    let scene = Scene::new();
    for size in [1, 3 << 20] {
        let (request, answer) = (data(size / 2), data(size));
        let expected = answer.clone();
        let server = serve(&scene, move |mut stream| {
            let mut request = Vec::new();
            stream.read_to_end(&mut request).unwrap();
            thread::sleep(Duration::from_secs(1));
            stream.write_all(&answer).unwrap();
            request
        });
        scene.connect(scene.word()).input(request.clone()).run().silent().output(expected);
        assert!(server.join().unwrap() == request);
    }
}

/// A relay: the command that serves the client is another client.
#[test]
fn a_command_relays_both_directions() {
    let scene = Scene::new();
    let (there, here) = (data(3_000_001), data(2_000_003));
    let behind = other(&scene);
    let target = scene.listen(&behind).input(there.clone()).start_listening();
    let relay =
        scene.listen(scene.word()).args(["--", LSOCK, "connect", &behind]).start_listening();
    scene.connect(scene.word()).input(here.clone()).run().silent().output(there);
    relay.end().ok().output("");
    target.end().ok().output(here);
}

#[test]
fn with_k_every_client_has_a_command() {
    let scene = Scene::new();
    let behind = other(&scene);
    let target = scene.listen(&behind).arg("-k").start_listening();
    let args = ["-k", "--", LSOCK, "connect", "--timeout", "30s", &behind];
    let relay = scene.listen(scene.word()).args(args).start_listening();
    let clients: Vec<_> =
        (0..4).map(|_| scene.connect(scene.word()).input("together").start()).collect();
    for client in clients {
        client.end().silent().output("");
    }
    target.wait_for_output("together".repeat(4));
    for number in 1..=4 {
        relay.wait_for_message(&format!("connection {number}: command ended with 0"));
    }
}

#[test]
fn with_k_clients_are_served_one_after_another() {
    let scene = Scene::new();
    let bytes = data(200_000);
    let mut server = scene.listen(scene.word()).arg("-k").input("once").start_listening();
    let mut expected = Vec::new();
    for number in 0..3 {
        let answer = if number == 0 { "once" } else { "" };
        let client = scene.connect(scene.word()).input(bytes.clone());
        client.run().silent().output(answer);
        expected.extend_from_slice(&bytes);
    }
    server.wait_for_output(expected);
    assert!(server.is_running());
}

#[test]
fn the_status_of_a_command_is_that_of_lsock() {
    let scene = Scene::new();
    let missing = other(&scene);
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
    let args = ["--", "no-such-program-anywhere"];
    scene.connect(scene.word()).args(args).run().fails(1).says("no-such-program-anywhere");
    server.end().ok();
}

#[test]
fn a_command_is_told_where_it_runs() {
    let scene = Scene::new();
    let name = Name::parse(scene.word()).unwrap().to_string();
    let shell: &[&str] = if cfg!(windows) {
        &["cmd", "/c", "echo %LSOCK_NAME% %LSOCK_CONN% %LSOCK_PEER_PID%."]
    } else {
        &["sh", "-c", "echo $LSOCK_NAME $LSOCK_CONN $LSOCK_PEER_PID."]
    };
    let command = ["-k", "--"].iter().chain(shell);
    let _server = scene.listen(scene.word()).args(command).start_listening();
    for number in 1..=2 {
        let client = scene.connect(scene.word()).start();
        let pid = client.pid();
        let outcome = client.end().silent();
        let said = String::from_utf8_lossy(&outcome.stdout);
        assert_eq!(said.trim_end(), format!("{name} {number} {pid}."), "{}", outcome.report());
    }
}

#[test]
fn a_peer_that_closes_while_much_is_sent_is_status_5() {
    let scene = Scene::new();
    std::fs::write(scene.path("in"), data(5_000_000)).unwrap();
    for args in [&[][..], &["--send-only"]] {
        let server = serve(&scene, |mut stream| stream.read_exact(&mut [0; 1000]).unwrap());
        let input = File::open(scene.path("in")).unwrap();
        let outcome = scene.connect(scene.word()).args(args).stdin(input).run().fails(5);
        outcome.says("be delivered to the peer").says("bytes sent)");
        server.join().unwrap();
    }
}

#[test]
fn a_killed_receiver_is_status_5() {
    let scene = Scene::new();
    // Of a pipe that happens to be empty when the receiver goes it cannot be told that
    // more would have come.
    std::fs::write(scene.path("in"), data(5_000_000)).unwrap();
    let input = File::open(scene.path("in")).unwrap();
    let server = scene.listen(scene.word()).unread_output().start_listening();
    let client = scene.connect(scene.word()).arg("-v").stdin(input).start();
    server.wait_for_message("connection 1 ");
    server.kill();
    client.end().code(5).says("be delivered to the peer");
}

/// What it has sent before is delivered.
#[test]
fn an_output_that_is_closed_early_is_no_failure() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).unread_output().start_listening();
    // Of a pipe it could not be told that more would have come.
    std::fs::write(scene.path("in"), data(5_000_000)).unwrap();
    let input = File::open(scene.path("in")).unwrap();
    let client = scene.connect(scene.word()).stdin(input).start();
    server.take_output().read_exact(&mut [0]).unwrap();
    server.end().ok();
    client.end().code(5);
}

#[test]
fn a_name_in_use_is_refused() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).input("first").start_listening();
    let outcome = scene.listen(scene.word()).run().fails(3);
    outcome.says(scene.word()).says("hint: ").says("another name");
    scene.connect(scene.word()).run().silent().output("first");
    server.end().ok();
}

#[test]
fn names_that_cannot_be() {
    let scene = Scene::new();
    let long = "x".repeat(300);
    for name in ["", "@", "fs:", "ns:", "-", "tcp:localhost:1", "exec:cat", "fd:3", &long] {
        for command in ["listen", "connect"] {
            scene.lsock([command, name]).run().fails(2).output("");
        }
    }
    scene.expect_empty();
}
