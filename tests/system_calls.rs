//! Counts the system calls of a connection (`strace(1)`): what nobody asked for must not cost any.

use crate::harness::{Cmd, Scene, has, wait_until};
use std::{collections::BTreeMap, fs};

/// Round trips of a connection.
const ROUNDS: usize = 1000;

/// Calls that do not depend on the number of messages, at most: fewer than `ROUNDS`, so that one
/// more call for each message fails the test.
const OTHERS: usize = 900;

/// Runs lsock so that its calls are in the file `trace`: all but those of waiting threads, and of the
/// dynamic loader, which searches the library path of the test.
fn traced(scene: &Scene, args: &[&str]) -> Cmd {
    let strace = ["-D", "-f", "-qq", "-e", "trace=!futex,openat,newfstatat", "-o", "trace"];
    scene.command("strace").args(strace).arg(env!("CARGO_BIN_EXE_lsock")).args(args)
}

/// Returns the calls of a trace by their names.
fn calls(scene: &Scene) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(scene.path("trace")).unwrap();
    let mut calls = BTreeMap::new();
    // `PID name(...) = ...`; an interrupted call continues in a line of its own.
    for line in text.lines().filter(|line| !line.contains("resumed>")) {
        let name = line.split_whitespace().nth(1).and_then(|call| call.split_once('('));
        if let Some((name, _)) = name {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

#[track_caller]
fn assert_calls(scene: &Scene, needed: usize) {
    assert_count(&calls(scene), needed);
}

#[track_caller]
fn assert_count(calls: &BTreeMap<String, usize>, needed: usize) {
    let count: usize = calls.values().sum();
    assert!(count <= needed + OTHERS, "{count} calls, {needed} are needed: {calls:?}");
    assert!(count >= needed, "the trace is not complete: {count} calls: {calls:?}");
}

#[test]
fn a_relayed_message_takes_a_wait_a_read_and_a_write() {
    relay_messages(&[], 6);
}

#[test]
fn a_message_that_is_traced_and_recorded_takes_a_write_for_each() {
    relay_messages(&["--trace-file", "t.txt", "--record", "r.pcapng"], 10);
}

/// Relays messages and their answers with the options. Each round needs that many calls.
#[track_caller]
fn relay_messages(options: &[&str], calls_each: usize) {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let args = [&["relay", "--once", "-v", "./s", &target][..], options].concat();
    let relay = traced(&scene, &args).start_listening();
    let mut client = scene.wire("./s");
    let mut server = host.accept();
    for _ in 0..ROUNDS {
        client.send("to there");
        server.expect("to there");
        server.send("and back");
        client.expect("and back");
    }
    client.end();
    server.end();
    relay.end().ok();
    assert_calls(&scene, calls_each * ROUNDS);
}

/// Two sockets are made, watched and closed; three times something arrives on one side, and once or
/// twice on the other; two calls ask who has connected and whether there is another client, and two
/// whether everything was read. Before the sockets are closed, the relay asks for events without
/// waiting: that call is one more only if the next client is not there yet.
#[test]
fn a_relayed_connection_of_one_message_and_its_answer_takes_24_calls() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let relay = traced(&scene, &["relay", "./s", &target, "--ready-file", "ready"]).start();
    wait_until("it listens", || scene.path("ready").exists());
    for _ in 0..ROUNDS {
        let mut client = scene.wire("./s");
        client.send("to there");
        client.expect("to there");
        client.end();
        client.expect_rest("");
    }
    relay.terminate();
    let mut calls = calls(&scene);
    // Of programs that are built for tests.
    calls.remove("fcntl");
    let text = fs::read_to_string(scene.path("trace")).unwrap();
    let found_nothing = |line: &&str| line.contains(" epoll_pwait(") && line.ends_with(" = 0");
    let in_vain = text.lines().filter(found_nothing).count();
    assert!(in_vain <= ROUNDS + OTHERS, "{in_vain} waits that found nothing");
    *calls.entry("epoll_pwait".to_owned()).or_default() -= in_vain;
    assert_count(&calls, 24 * ROUNDS);
    // A call that finds no client takes as long as one that does. The last one is at the end.
    assert!(calls["accept4"] <= ROUNDS + 1, "{calls:?}");
}

/// The end of the input is there with the answer.
#[test]
fn a_short_input_takes_no_thread() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let (_serving, name) = scene.echo("./s");
    fs::write(scene.path("in"), "short\n").unwrap();
    // The shell writes a short document into a pipe and closes it before it starts the command.
    for input in ["<in", "<<end\nshort\nend\n"] {
        let script = format!("exec strace -f -qq -o trace \"$0\" connect {name} {input}");
        scene.shell(&script).run().silent().output("short\n");
        let calls = calls(&scene);
        assert!(calls.contains_key("connect"), "{input}: {calls:?}");
        assert!(
            !calls.contains_key("clone") && !calls.contains_key("clone3"),
            "{input}: {calls:?}"
        );
    }
}

/// A wait for the peer is a wait for the reader of stdout as well, which may exit meanwhile.
#[test]
fn a_message_of_standard_streams_takes_a_wait_a_read_and_a_write() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let mut listener =
        traced(&scene, &["listen", "-v", "--copy", "buffer", "./s"]).open_input().start_listening();
    let mut client = scene.wire("./s");
    let mut received = String::new();
    for _ in 0..ROUNDS {
        listener.send("to there");
        client.expect("to there");
        client.send("and back");
        received.push_str("and back");
        listener.wait_for_output(&received);
    }
    listener.close_input();
    client.end();
    listener.end().ok();
    assert_calls(&scene, 6 * ROUNDS);
}

/// No reader of a file exits, so the stream is read with a blocking call.
#[test]
fn a_message_for_a_file_takes_a_read_and_a_write() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let path = scene.path("received");
    let file = fs::File::create(&path).unwrap();
    let listener = traced(&scene, &["listen", "-v", "./s"]).stdout(file).start_listening();
    let mut client = scene.wire("./s");
    for round in 1..=ROUNDS {
        client.send("to there");
        let size = 8 * round as u64;
        wait_until("it is written", || fs::metadata(&path).unwrap().len() == size);
    }
    client.end();
    listener.end().ok();
    assert_calls(&scene, 2 * ROUNDS);
}

/// As many as a bare loop needs: whatever is added makes the measured socket look slower.
#[test]
fn a_message_of_bench_takes_the_calls_of_a_bare_loop() {
    // A send and a receive of each side; for a connection also socket, connect, accept and two closes.
    measure_messages("latency", 4);
    measure_messages("connect", 9);
}

#[track_caller]
fn measure_messages(workload: &str, calls_each: usize) {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    // std asks for the flags of a descriptor before it closes it, if it is built for debugging.
    let strace = ["-f", "-qq", "-e", "trace=network,read,write,close", "-o", "trace"];
    let count = ROUNDS.to_string();
    let options = ["--size", "8", "--count", &count, "--warmup", "0s", "--repeat", "1"];
    let bench = scene.command("strace").args(strace).arg(env!("CARGO_BIN_EXE_lsock"));
    let bench = bench.args(["bench", workload, "--over", "file", "--api", "sync"]).args(options);
    bench.run().ok();
    assert_calls(&scene, calls_each * ROUNDS);
}

/// A lookup can take long, and the name can belong to another user by the next one.
#[test]
fn allowed_accounts_are_looked_up_once() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let strace = ["-D", "-f", "-qq", "-e", "trace=openat", "-o", "trace"];
    let relay = scene.command("strace").args(strace).arg(env!("CARGO_BIN_EXE_lsock"));
    let relay = relay.args(["relay", "-v", "./s", &target, "--max-conns", "5"]);
    let rules = ["--allow", "user:root", "--allow", "group:root", "--allow", "any"];
    let relay = relay.args(rules).start_listening();
    for _ in 0..5 {
        scene.served_wire("./s");
    }
    relay.wait_for_message("connection 5: ");
    relay.terminate();
    let trace = fs::read_to_string(scene.path("trace")).unwrap();
    for accounts in ["\"/etc/passwd\"", "\"/etc/group\""] {
        assert_eq!(trace.matches(accounts).count(), 1, "{accounts}\n{trace}");
    }
}

/// What stands at the name is examined only after a failure.
#[test]
fn a_connection_takes_one_call_that_names_the_server() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let client = traced(&scene, &["connect", &name]).start();
    drop(host.accept());
    client.end();
    let text = fs::read_to_string(scene.path("trace")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.contains("execve(")).collect();
    let of_name: Vec<_> = lines.iter().filter(|line| line.contains("./s\"")).collect();
    assert!(matches!(of_name[..], [line] if line.contains("connect(")), "{of_name:?}");
    // A time limit, and the table of sockets.
    for call in ["SO_SNDTIMEO", "NETLINK"] {
        assert!(!text.contains(call), "{call}: {text}");
    }
}

/// Each shared library adds to the time of each start.
#[test]
fn the_program_needs_no_library_but_that_of_c() {
    let scene = Scene::new();
    let listed = scene.command("ldd").arg(env!("CARGO_BIN_EXE_lsock")).run().ok();
    let known = ["linux-vdso", "libc.so.6", "ld-linux", "statically linked"];
    let others = |line: &&str| !known.iter().any(|name| line.contains(name));
    assert_eq!(listed.stdout_text().lines().filter(others).collect::<Vec<_>>(), Vec::<&str>::new());
}
