//! Errors of accept(2), which strace has the system give.

use crate::harness::{Cmd, Running, Scene, Wire, has, signal, wait_until};
use rustix::process::Signal;
use std::{net::TcpStream, os::unix::net::UnixStream};

/// What accept(2) gives for a connection that has gone, for a network that has, or while
/// there is too little of something.
const PASSING: [&str; 13] = [
    "EPERM",
    "ENOBUFS",
    "EPROTO",
    "ENETDOWN",
    "EHOSTUNREACH",
    "ECONNABORTED",
    "ENOMEM",
    "EMFILE",
    "ENFILE",
    "ETIMEDOUT",
    "EOPNOTSUPP",
    "ENETUNREACH",
    "EHOSTDOWN",
];

/// Servers of every kind that send back what they get, but for the first one.
const SERVERS: [&[&str]; 5] = [
    &["listen", "-v", "-k", "./s"],
    &["listen", "-v", "-k", "./s", "--", "cat"],
    &["listen", "-v", "-k", "--merge", "./s"],
    &["relay", "-v", "./s", "exec:cat"],
    &["relay", "-v", "tcp:127.0.0.1:0", "exec:cat"],
];

impl Scene {
    /// Runs lsock so that these of its calls of accept(2) fail. The process is lsock itself.
    fn with_failing_accept(&self, error: &str, when: &str, args: &[&str]) -> Cmd {
        let inject = format!("inject=accept4,accept:error={error}:when={when}");
        let strace = ["-D", "-f", "-qq", "-o", "trace", "-e", "trace=accept4,accept", "-e"];
        self.command("strace")
            .args(strace)
            .args([inject.as_str(), env!("CARGO_BIN_EXE_lsock")])
            .args(args)
    }

    /// Has a client served that connects after everything else.
    fn is_served(&self, server: &Running) {
        let name = server.place();
        let mut client: Wire = self.wire(name.trim_start_matches("./"));
        client.send("hello\n");
        client.end();
        server.wait_for_message("connection 1");
    }
}

#[test]
fn errors_that_pass_end_no_server() {
    if !has("strace") {
        return;
    }
    for args in SERVERS {
        let scene = Scene::new();
        for error in PASSING {
            // The second one in a row is followed by a pause.
            let when = if error == "EMFILE" { "1..2" } else { "1" };
            let server = scene.with_failing_accept(error, when, args).start_listening();
            scene.is_served(&server);
            // The library tries again by itself after this one.
            if error != "ECONNABORTED" {
                server.wait_for_message("cannot accept");
            }
            server.terminate();
        }
    }
}

#[test]
fn a_broken_listener_ends_a_server() {
    if !has("strace") {
        return;
    }
    for args in SERVERS {
        let scene = Scene::new();
        for error in ["EBADF", "EINVAL", "ENOTSOCK"] {
            let mut server = scene.with_failing_accept(error, "1+", args).start_listening();
            // A thread asks for clients before there are any, an event loop afterwards.
            let place = server.place();
            wait_until("it has ended", || {
                match place.strip_prefix("tcp:") {
                    Some(address) => drop(TcpStream::connect(address)),
                    None => drop(UnixStream::connect(scene.path("s"))),
                }
                !server.is_running()
            });
            let outcome = server.end().code(1).says("cannot accept a client");
            assert!(scene.files().iter().all(|file| file == "trace"), "{outcome:?}");
        }
    }
}
