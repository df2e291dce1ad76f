//! Signals to a measurement or to its server end both.

use crate::harness::{Running, Scene, becomes, signal, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, thread, time::Duration};

/// Returns the child processes.
fn children(running: &Running) -> Vec<Pid> {
    let parent = running.pid().to_string();
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let entry = entry.ok()?;
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name of the command may contain anything, even parentheses.
        let (_, rest) = stat.rsplit_once(')')?;
        (rest.split_whitespace().nth(1)? == parent).then(|| Pid::from_raw(pid))?
    });
    all.collect()
}

/// Returns whether a process has ended, even if nobody has waited for it.
fn has_ended(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let state = stat.ok().and_then(|stat| Some(stat.rsplit_once(')')?.1.trim_start().to_owned()));
    state.is_none_or(|state| state.starts_with(['Z', 'X']))
}

/// Returns whether the server of this run serves a client. Pipes are connected from the start, and
/// connections of `connect` are too short to be seen.
fn is_at_work(scene: &Scene, running: &Running, server: Pid, line: &str) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.as_raw_nonzero()));
    let is_started = tasks.is_ok_and(|tasks| tasks.count() > 1);
    if line.starts_with("connect") || line.contains("pipe") {
        return is_started;
    }
    has_client(scene, running)
}

/// Returns whether the server of the first run has a client: accepted connections have the
/// server's name.
fn has_client(scene: &Scene, running: &Running) -> bool {
    let own = format!("@lsock-bench-{}-", running.pid());
    let folder = scene.folder().to_string_lossy();
    let sockets = fs::read_to_string("/proc/net/unix").unwrap();
    sockets.lines().any(|line| {
        const CONNECTED: &str = "03";
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_ours = |name: &&str| {
            name.starts_with(&own) && name.ends_with("-1")
                || name.starts_with(&*folder) && name.ends_with("/1.sock")
        };
        fields.get(5) == Some(&CONNECTED) && fields.get(7).is_some_and(is_ours)
    })
}

/// Starts a long run and waits until its server serves a client.
#[track_caller]
fn long_run(scene: &Scene, line: &str) -> (Running, Pid) {
    let line = format!("{line} --duration 10m");
    let bench = scene.bench(line.split_whitespace()).start();
    let mut server = None;
    let is_there = becomes(|| {
        server =
            children(&bench).first().copied().filter(|pid| is_at_work(scene, &bench, *pid, &line));
        server.is_some()
    });
    if !is_there {
        panic!("no server has been started\n{}", bench.kill().report());
    }
    (bench, server.unwrap())
}

const LINES: [&str; 5] = [
    "throughput --size 64K --over file",
    "latency --over file --api tokio",
    "connect --over abstract",
    "latency --over abstract",
    "throughput --size 64K --over pipe",
];

#[test]
fn a_signal_ends_bench_and_its_server() {
    for number in [Signal::TERM, Signal::INT, Signal::HUP] {
        for line in LINES {
            let scene = Scene::new();
            let (bench, server) = long_run(&scene, line);
            signal(&bench, number);
            bench.end().died_of(number).output("");
            wait_until("its server has ended", || has_ended(server));
            assert_eq!(scene.files(), [""; 0], "{number:?} {line}");
        }
    }
}

/// A terminal sends signals to both processes, in any order.
#[test]
fn a_signal_to_both_processes_is_no_error_of_the_server() {
    for line in LINES {
        let scene = Scene::new();
        let (bench, server) = long_run(&scene, line);
        kill_process(server, Signal::INT).unwrap();
        thread::sleep(Duration::from_millis(100));
        signal(&bench, Signal::INT);
        let outcome = bench.end().died_of(Signal::INT).output("");
        assert_eq!(outcome.stderr, "", "{line}");
        wait_until("its server has ended", || has_ended(server));
        assert_eq!(scene.files(), [""; 0], "{line}");
    }
}

#[test]
fn a_killed_bench_leaves_no_server() {
    for line in LINES {
        let scene = Scene::new();
        let (bench, server) = long_run(&scene, line);
        bench.kill().died_of(Signal::KILL).output("");
        wait_until("its server has ended", || has_ended(server));
    }
}

#[test]
fn a_signal_ends_bench_with_one_process() {
    let scene = Scene::new();
    let line = "throughput --size 64K --over file --in-process --duration 10m";
    let bench = scene.bench(line.split_whitespace()).start();
    wait_until("there is a client", || has_client(&scene, &bench));
    signal(&bench, Signal::TERM);
    bench.end().died_of(Signal::TERM).output("");
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_signal_ends_bench_that_waits_for_clients() {
    for number in [Signal::TERM, Signal::INT] {
        for api in ["sync", "tokio"] {
            let scene = Scene::new();
            let args = ["-v", "latency", "--at", "./s", "--api", api];
            let bench = scene.bench(args).start_listening();
            assert_eq!(scene.files(), ["s"]);
            signal(&bench, number);
            bench.end().died_of(number).output("");
            assert_eq!(scene.files(), [""; 0], "{number:?} {api}");
        }
    }
}

#[test]
fn a_stale_name_is_replaced() {
    let scene = Scene::new();
    for api in ["sync", "tokio"] {
        let listen = || scene.bench(["-v", "latency", "--at", "./s", "--size", "1", "--api", api]);
        listen().start_listening().kill().died_of(Signal::KILL);
        assert_eq!(scene.files(), ["s"]);
        let bench = listen().start_listening();
        assert_eq!(scene.wire("./s").exchange(b"hello"), b"hello");
        assert_eq!(bench.end().measured().bytes(), [5]);
    }
}

#[test]
fn a_server_that_is_killed_is_an_error() {
    for line in LINES {
        let scene = Scene::new();
        let (bench, server) = long_run(&scene, line);
        kill_process(server, Signal::KILL).unwrap();
        bench.end().fails(1).says("the server process has ended").output("");
        assert_eq!(scene.files(), [""; 0], "{line}");
    }
}
