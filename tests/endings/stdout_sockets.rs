//! Standard streams that are sockets, as under inetd, under systemd with Accept=yes, as the
//! ProxyCommand of ssh(1), or as a command of lsock: the peer of the socket on stdout gets the end
//! of file.

use crate::harness::{Cmd, Scene, Wire, data, has};
use std::{
    os::fd::{AsFd, OwnedFd},
    thread,
};

/// Both kinds of sockets that stdin and stdout can be.
const KINDS: [&str; 2] = ["./stdio", "tcp:127.0.0.1:0"];

/// Commands that join stdin and stdout to the server `./server`.
const CONNECTING: [&str; 3] =
    ["connect ./server", "connect ./server --copy buffer", "relay - ./server"];

/// Commands that join stdin and stdout to a client of `./s`.
const LISTENING: [&str; 3] = ["listen ./s", "listen ./s --idle-timeout 1m", "relay ./s - --once"];

/// Returns both ends of a connection; the first is for standard streams.
fn connection(scene: &Scene, kind: &str) -> (Wire, Wire) {
    let (host, name) = scene.host(kind);
    let outer = scene.wire(&name);
    (host.accept(), outer)
}

fn descriptor(wire: &Wire) -> OwnedFd {
    wire.as_fd().try_clone_to_owned().unwrap()
}

/// lsock with the socket as stdin and stdout.
fn lsock_on(scene: &Scene, command: &str, wire: &Wire) -> Cmd {
    let lsock = scene.shell(&format!(r#"exec "$0" {command}"#));
    lsock.stdin(descriptor(wire)).stdout(descriptor(wire))
}

/// Lets the peer end its direction first, and the client afterwards.
#[track_caller]
fn expect_the_end_of(mut peer: Wire, mut client: Wire) {
    peer.send("bye");
    peer.end();
    client.expect_rest("bye");
    client.send("and more");
    client.end();
    peer.expect_rest("and more");
}

#[test]
fn a_socket_on_stdin_and_stdout_gets_the_end_of_file_of_the_server() {
    for (kind, stderr) in [(KINDS[0], ""), (KINDS[1], ""), (KINDS[0], " 2>&1")] {
        for command in CONNECTING {
            let scene = Scene::new();
            let (host, _) = scene.host("./server");
            let (stdio, client) = connection(&scene, kind);
            let lsock = lsock_on(&scene, &format!("{command}{stderr}"), &stdio).start();
            drop(stdio);
            expect_the_end_of(host.accept(), client);
            lsock.end().silent();
        }
    }
}

#[test]
fn a_socket_on_stdin_and_stdout_gets_the_end_of_file_of_a_client() {
    for kind in KINDS {
        for command in LISTENING {
            let scene = Scene::new();
            let (stdio, other) = connection(&scene, kind);
            let lsock = lsock_on(&scene, command, &stdio).start();
            drop(stdio);
            expect_the_end_of(scene.wire("./s"), other);
            lsock.end().silent();
        }
    }
}

/// The other descriptor stands for a shell or a server that has the same socket open.
#[test]
fn a_socket_that_other_processes_have_gets_the_end_of_file_as_well() {
    for kind in KINDS {
        for (command, input) in CONNECTING.into_iter().flat_map(|it| [(it, true), (it, false)]) {
            let scene = Scene::new();
            let (host, _) = scene.host("./server");
            let (stdout, mut reader) = connection(&scene, kind);
            let lsock = scene.shell(&format!(r#"exec "$0" {command}"#)).stdout(descriptor(&stdout));
            // With an open input, the sending direction continues.
            let mut lsock = if input { lsock.open_input() } else { lsock.input("") }.start();
            let mut server = host.accept();
            server.send("all");
            server.end();
            reader.expect_rest("all");
            lsock.close_input();
            server.expect_rest("");
            drop(server);
            lsock.end().silent();
            drop(stdout);
        }
    }
}

/// As in a unit of systemd whose stdout and stderr are the journal.
#[test]
fn a_socket_that_is_stderr_too_but_not_stdin_takes_messages_until_lsock_ends() {
    let scene = Scene::new();
    let (host, _) = scene.host("./server");
    let (log, mut journal) = connection(&scene, KINDS[0]);
    let lsock = scene.shell(r#"exec "$0" connect ./server -v 2>&1"#).stdout(descriptor(&log));
    let mut lsock = lsock.open_input().start();
    drop(log);
    let mut server = host.accept();
    server.send("data");
    server.end();
    journal.expect("lsock: connected to ./server");
    let mut text = Vec::new();
    while !text.ends_with(b"\ndata") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut journal, &mut byte).unwrap();
        text.extend(byte);
    }
    assert!(journal.is_silent(), "the journal has ended");
    lsock.close_input();
    server.expect_rest("");
    drop(server);
    let rest = String::from_utf8(journal.rest()).unwrap();
    assert!(rest.contains("sent 0 bytes, received 4 bytes in"), "{rest}");
    lsock.end().ok();
}

/// Fire and forget: the client has closed before lsock has read anything.
#[test]
fn what_a_client_sends_before_it_closes_reaches_the_server() {
    for kind in KINDS {
        for command in CONNECTING {
            let scene = Scene::new();
            let (host, _) = scene.host("./server");
            let (stdio, mut client) = connection(&scene, kind);
            client.send(data(100_000));
            drop(client);
            let lsock = lsock_on(&scene, command, &stdio).start();
            drop(stdio);
            host.accept().expect_rest(data(100_000));
            lsock.end().silent();
        }
    }
}

/// A peer that has half-closed still reads.
#[test]
fn a_client_that_half_closes_gets_a_late_answer() {
    for kind in KINDS {
        for command in CONNECTING {
            let scene = Scene::new();
            let (host, _) = scene.host("./server");
            let (stdio, mut client) = connection(&scene, kind);
            let lsock = lsock_on(&scene, command, &stdio).start();
            drop(stdio);
            client.send("request");
            client.end();
            let mut server = host.accept();
            server.expect_rest("request");
            let answer = data(1_000_000);
            let (mut writer, bytes) = (server.another(), answer.clone());
            let writes = thread::spawn(move || writer.send(bytes));
            client.expect(&answer);
            writes.join().unwrap();
            drop(server);
            client.expect_rest("");
            lsock.end().silent();
        }
    }
}

#[test]
fn a_command_of_lsock_that_is_a_relay_passes_the_end_of_a_tcp_server_on() {
    let scene = Scene::new();
    let (host, target) = scene.host("tcp:127.0.0.1:0");
    let _server = host.serve(|mut wire| {
        wire.expect("request");
        wire.send("answer");
    });
    let relay = ["-k", "--", env!("CARGO_BIN_EXE_lsock"), "relay", "-", &target];
    let _lsock = scene.listen("./s").args(relay).start_listening();
    let mut client = scene.wire("./s");
    client.send("request");
    // The client keeps its direction open, as curl(1) does.
    client.expect_rest("answer");
}

#[test]
fn socat_gets_the_end_of_file_of_a_command() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let (host, _) = scene.host("./server");
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let exec = format!("EXEC:{lsock} connect ./server");
    let socat = scene.command("socat").args(["STDIO", &exec]).open_input().start();
    let mut server = host.accept();
    server.send("bye");
    server.end();
    // It ends soon after the end of file of one of its sides.
    socat.end().ok().output("bye");
}
