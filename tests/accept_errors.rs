//! Errors of accept(2), which strace injects.

use crate::harness::{Cmd, Scene, has, wait_until};
use std::{net::TcpStream, os::unix::net::UnixStream};

/// Errors for a connection or network that has failed, and for a temporary lack of resources.
const TEMPORARY: [&str; 13] = [
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

const SERVERS: [&[&str]; 5] = [
    &["listen", "-v", "-k", "./s"],
    &["listen", "-v", "-k", "./s", "--", "cat"],
    &["listen", "-v", "-k", "--merge", "./s"],
    &["relay", "-v", "./s", "exec:cat"],
    &["relay", "-v", "tcp:127.0.0.1:0", "exec:cat"],
];

impl Scene {
    /// lsock with failing calls of accept(2). `when` selects the calls, as in strace(1).
    fn with_failing_accept(&self, error: &str, when: &str, args: &[&str]) -> Cmd {
        let inject = format!("inject=accept4,accept:error={error}:when={when}");
        // With -D the process is lsock, and strace its descendant.
        let strace = ["-D", "-f", "-qq", "-o", "trace", "-e", "trace=accept4,accept", "-e"];
        let strace = self.command("strace").args(strace);
        strace.args([inject.as_str(), env!("CARGO_BIN_EXE_lsock")]).args(args)
    }
}

#[test]
fn servers_go_on_after_temporary_errors() {
    if !has("strace") {
        return;
    }
    for args in SERVERS {
        let scene = Scene::new();
        for error in TEMPORARY {
            // Two in a row cause a pause.
            let when = if error == "EMFILE" { "1..2" } else { "1" };
            let server = scene.with_failing_accept(error, when, args).start_listening();
            let mut client = scene.wire(&server.listen_name());
            client.send("hello\n");
            client.end();
            server.wait_for_message("connection 1");
            // The library retries without a message after this one.
            if error != "ECONNABORTED" {
                server.wait_for_message("cannot accept");
            }
            server.terminate();
        }
    }
}

#[test]
fn a_broken_listening_socket_ends_a_server_with_status_1() {
    if !has("strace") {
        return;
    }
    for args in SERVERS {
        let scene = Scene::new();
        for error in ["EBADF", "EINVAL", "ENOTSOCK"] {
            let mut server = scene.with_failing_accept(error, "1+", args).start_listening();
            // A thread calls accept(2) at once, an event loop when a client has connected.
            let name = server.listen_name();
            wait_until("the server has ended", || {
                match name.strip_prefix("tcp:") {
                    Some(address) => drop(TcpStream::connect(address)),
                    None => drop(UnixStream::connect(scene.path("s"))),
                }
                !server.is_running()
            });
            let outcome = server.end().code(1).says("cannot accept a client");
            let is_removed = scene.files().iter().all(|file| file == "trace");
            assert!(is_removed, "{:?}\n{}", scene.files(), outcome.report());
        }
    }
}
