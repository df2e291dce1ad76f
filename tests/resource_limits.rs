//! Processes with few open files, little memory or no more threads.

use crate::harness::{Outcome, Scene, data, has, is_root, signal, wait_until};
use rustix::process::Signal;
use std::{
    io::Write,
    os::unix::{net::UnixStream, process::ExitStatusExt},
    thread,
};

/// The last ones run in event loops.
const SERVERS: [&[&str]; 6] = [
    &["listen", "-v", "./s"],
    &["listen", "-v", "./s", "-k"],
    &["listen", "-v", "./s", "-k", "--", "cat"],
    &["listen", "-v", "./s", "-k", "--merge", "--broadcast"],
    &["relay", "-v", "./s", "./t"],
    &["relay", "-v", "./s", "exec:cat"],
];

/// Fails unless the process has failed with a message. With too few files for its libraries the
/// system does not start it.
#[track_caller]
fn expect_error(outcome: &Outcome, limit: u32) {
    let is_started = !outcome.stderr.contains("error while loading shared libraries");
    let errors = outcome.stderr.lines().filter(|line| !line.starts_with("hint: "));
    let is_error = outcome.status.code().is_some_and(|code| (1..=5).contains(&code))
        && errors.clone().all(is_message)
        && errors.clone().count() > 0
        && !outcome.stderr.contains("internal error");
    assert!(!is_started && limit < 6 || is_error, "with {limit} files:\n{}", outcome.report());
}

/// Returns whether a line is a message; servers of many clients put the time before it.
fn is_message(line: &str) -> bool {
    let after_time = line.split_once(' ').map(|(_, rest)| rest);
    [Some(line), after_time].into_iter().flatten().any(|line| line.starts_with("lsock: "))
}

fn start_servers_with_files(limit: u32) {
    for args in SERVERS {
        let scene = Scene::new();
        let (_echo, _) = scene.echo("./t");
        let mut server = scene.limited(&format!("-n {limit}"), args).open_input().start();
        let mut has_ended = false;
        wait_until("the server listens or has ended", || {
            has_ended = !server.is_running();
            has_ended || server.log().contains("listening on")
        });
        if has_ended {
            expect_error(&server.end(), limit);
            assert_eq!(scene.files(), ["t"], "with {limit} files: {args:?}");
            continue;
        }
        // The server may or may not be able to serve three clients at once.
        let clients = [(); 3].map(|()| UnixStream::connect(scene.path("s")));
        drop(clients);
        signal(&server, Signal::TERM);
        let outcome = server.end().does_not_say("internal error");
        if outcome.status.signal() != Some(15) && outcome.status.code() != Some(0) {
            expect_error(&outcome, limit);
        }
    }
}

fn start_clients_with_files(limit: u32) {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let bench = ["bench", "latency", "--count", "1", "--repeat", "1", "--warmup", "0s"];
    for args in [
        &["connect", &target][..],
        &["connect", &target, "--", "true"],
        &bench,
        &[&bench[..], &["--api", "tokio", "--clients", "3"]].concat(),
        &[&bench[..], &["--api", "tokio", "--in-process"]].concat(),
        &[&bench[..], &["--over", "tcp"]].concat(),
    ] {
        let outcome = scene.limited(&format!("-n {limit}"), args).run();
        if outcome.status.code() != Some(0) {
            expect_error(&outcome, limit);
        }
    }
}

#[test]
fn servers_with_too_few_open_files_fail_with_a_message() {
    thread::scope(|scope| {
        scope.spawn(|| (3..=40).step_by(2).for_each(start_servers_with_files));
        scope.spawn(|| (4..=40).step_by(2).for_each(start_servers_with_files));
    });
}

#[test]
fn clients_with_too_few_open_files_fail_with_a_message() {
    (3..=40).for_each(start_clients_with_files);
}

/// The files that a relay opens to splice count as well.
#[test]
fn clients_beyond_the_limit_of_open_files_wait_until_commands_can_be_started() {
    let scene = Scene::new();
    let content = data(3_000_000);
    let server = ["listen", "-v", "./s", "-k", "--hangup", "--", "cat"];
    let server = scene.limited("-n 60", server).start_listening();
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let client = scene.lsock(["connect", "./s"]).input(content.clone());
                let received = client.run().ok().stdout;
                assert!(received == content, "{} bytes", received.len());
            });
        }
    });
    server.terminate().does_not_say("cannot run");
}

/// A user without other processes, whose threads are counted.
const ALONE: u32 = 54_322;

/// Looking up a host name takes a thread.
#[test]
fn a_thread_that_cannot_be_started_fails_one_connection() {
    // RLIMIT_NPROC does not apply to root.
    if !is_root() || !has("bash") {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    let target = scene.relay("tcp:127.0.0.1:0", "exec:cat").start_listening();
    let port = target.listen_name().rsplit(':').next().unwrap().to_owned();
    // Event loops, signals and the log.
    let threads = thread::available_parallelism().map_or(1, usize::from) + 2;
    let script = format!(r#"ulimit -u {threads}; exec "$0" "$@""#);
    for (host, answer) in [("localhost", ""), ("127.0.0.1", "hello")] {
        let to = format!("tcp:{host}:{port}");
        let relay = scene.command("bash").args(["-c", &script]).arg(&lsock);
        let relay = relay.args(["relay", "-v", scene.word(), &to]).user(ALONE).start_listening();
        for number in 1..=3 {
            let mut client = scene.wire(scene.word());
            // Fails if the connection is closed already.
            let _ = client.write_all(b"hello");
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

/// Less than the buffer of 1 GiB.
const LITTLE_MEMORY: &str = "-v 1000000";

const NO_BUFFER: &str = "cannot get a buffer of 1 GiB: out of memory";

#[test]
fn a_buffer_that_cannot_be_allocated_fails_one_connection() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    for args in [
        &["relay", "./s", &target][..],
        &["relay", "tcp:127.0.0.1:0", &target],
        &["listen", "-k", "./s"],
        &["listen", "-k", "./s", "--", "cat"],
    ] {
        let options = ["-v", "--buffer", "1G", "--copy", "buffer"];
        let args = [&args[..1], &options, &args[1..]].concat();
        let server = scene.limited(LITTLE_MEMORY, args).start_listening();
        for number in 1..=3 {
            let mut client = scene.wire(&server.listen_name());
            // Fails if the connection is closed already.
            let _ = client.write_all(b"hello");
            assert_eq!(client.rest_whatever_happens(), b"");
            server.wait_for_message(&format!("connection {number}: cannot read"));
        }
        server.wait_for_message(NO_BUFFER);
        server.terminate();
    }
}

#[test]
fn a_buffer_that_cannot_be_allocated_is_status_1_for_the_only_connection() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let lsock = |args: &[&str]| {
        scene.limited(LITTLE_MEMORY, args).args(["--buffer", "1G", "--copy", "buffer"])
    };
    lsock(&["connect", &target]).input("hello").run().fails(1).says(NO_BUFFER);
    for args in [&["relay", "--once", "./s", &target][..], &["listen", "./s"]] {
        let server = lsock(args).start();
        scene.wire("./s").rest_whatever_happens();
        server.end().fails(1).says(NO_BUFFER);
    }
}

#[test]
fn messages_that_cannot_be_allocated_end_a_measurement() {
    let scene = Scene::new();
    for args in [
        &["latency", "--in-process"][..],
        &["throughput"],
        &["connect", "--api", "tokio", "--in-process"],
        &["latency", "--rate", "10", "--in-process"],
    ] {
        let args = [&["bench"], args, &["--size", "1G", "--count", "1", "--repeat", "1"]].concat();
        scene.limited(LITTLE_MEMORY, args).run().code(1).says("out of memory");
    }
}
