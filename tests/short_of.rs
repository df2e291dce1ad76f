//! Processes that may have few open files, or no more threads.

use crate::harness::{Cmd, Outcome, Scene, has, is_root, signal, wait_until};
use rustix::process::Signal;
use std::{io::Write, os::unix::process::ExitStatusExt, thread};

/// Servers; the last ones are in event loops.
const SERVERS: [&[&str]; 6] = [
    &["listen", "./s"],
    &["listen", "./s", "-k"],
    &["listen", "./s", "-k", "--", "cat"],
    &["listen", "./s", "-k", "--merge", "--broadcast"],
    &["relay", "./s", "./t"],
    &["relay", "./s", "exec:cat"],
];

impl Scene {
    fn with_limit(&self, limit: &str, args: &[&str]) -> Cmd {
        let script = format!(r#"ulimit {limit}; exec "$0" "$@""#);
        self.shell(&script).args(args)
    }
}

/// It has failed with a line that says why, or, where it has too few files even for itself,
/// the system has not started it.
#[track_caller]
fn is_an_error(outcome: &Outcome, limit: u32) {
    let is_started = !outcome.stderr.contains("error while loading shared libraries");
    let errors = outcome.stderr.lines().filter(|line| !line.starts_with("hint: "));
    let is_fine = outcome.status.code().is_some_and(|code| (1..=5).contains(&code))
        && errors.clone().all(|line| line.starts_with("lsock: "))
        && errors.clone().count() > 0
        && !outcome.stderr.contains("internal error");
    assert!(!is_started && limit < 6 || is_fine, "with {limit} files: {outcome:?}");
}

fn servers(limit: u32) {
    for args in SERVERS {
        let scene = Scene::new();
        let (_echo, _) = scene.echo("./t");
        let flag = format!("-n {limit}");
        let args = [&args[..1], &["-v"], &args[1..]].concat();
        let mut server = scene.with_limit(&flag, &args).open_input().start();
        let mut has_ended = false;
        wait_until("it listens or has ended", || {
            has_ended = !server.is_running();
            let stderr = server.stderr.so_far();
            has_ended || String::from_utf8_lossy(&stderr).contains("listening on")
        });
        if has_ended {
            is_an_error(&server.end(), limit);
            assert_eq!(scene.files(), ["t"], "with {limit} files: {args:?}");
            continue;
        }
        // Whatever it can do for a client.
        let clients: Vec<_> = (0..3)
            .map_while(|_| std::os::unix::net::UnixStream::connect(scene.path("s")).ok())
            .collect();
        drop(clients);
        signal(&server, Signal::TERM);
        let outcome = server.end();
        assert!(!outcome.stderr.contains("internal error"), "with {limit} files: {outcome:?}");
        if outcome.status.signal() != Some(15) && outcome.status.code() != Some(0) {
            is_an_error(&outcome, limit);
        }
    }
}

fn others(limit: u32) {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let flag = format!("-n {limit}");
    let bench = ["bench", "latency", "--count", "1", "--repeat", "1", "--warmup", "0s"];
    for args in [
        &["connect", &target][..],
        &["connect", &target, "--", "true"],
        &bench,
        &[&bench[..], &["--api", "tokio", "--clients", "3"]].concat(),
        &[&bench[..], &["--api", "tokio", "--in-process"]].concat(),
        &[&bench[..], &["--over", "tcp"]].concat(),
    ] {
        let outcome = scene.with_limit(&flag, args).run();
        if outcome.status.code() != Some(0) {
            is_an_error(&outcome, limit);
        }
    }
}

#[test]
fn too_few_open_files_are_an_error() {
    thread::scope(|scope| {
        scope.spawn(|| (3..=40).step_by(2).for_each(servers));
        scope.spawn(|| (4..=40).step_by(2).for_each(servers));
    });
}

#[test]
fn too_few_open_files_are_an_error_of_clients() {
    (3..=40).for_each(others);
}

/// A user whom nobody else has processes of.
const ALONE: u32 = 54_322;

/// What a relay has threads for without clients: event loops, signals and the log.
fn threads_of_a_relay() -> usize {
    thread::available_parallelism().map_or(1, usize::from) + 2
}

/// A name has to be looked up, which takes a thread.
#[test]
fn a_thread_that_cannot_be_had_is_an_error_of_one_connection() {
    // The limit does not count for root.
    if !is_root() || !has("bash") {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    let target = scene.relay("tcp:127.0.0.1:0", "exec:cat").start_listening();
    let port = target.place().rsplit(':').next().unwrap().to_owned();
    let script = format!(r#"ulimit -u {}; exec "$0" "$@""#, threads_of_a_relay());
    for (host, answer) in [("localhost", ""), ("127.0.0.1", "hello")] {
        let to = format!("tcp:{host}:{port}");
        let relay = scene.command("bash").args(["-c", &script]).arg(&lsock);
        let relay = relay.args(["relay", "-v", scene.word(), &to]).user(ALONE).start_listening();
        for number in 1..=3 {
            let mut client = scene.wire(&format!("@{}", scene.word()));
            let _ = client.another().write_all(b"hello");
            client.end();
            assert_eq!(client.rest_whatever_happens(), answer.as_bytes());
            relay.wait_for_message(&format!("connection {number}: "));
        }
        if host == "localhost" {
            relay.wait_for_message("cannot start a thread to look it up");
        }
        relay.terminate();
    }
}
