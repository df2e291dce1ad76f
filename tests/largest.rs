//! The largest times, sizes and numbers that options take.

use crate::harness::{Scene, signal, wait_until};
use rustix::process::Signal;
use std::{
    fs,
    io::{Read, Write},
};

/// Times that no clock counts to, and some that end about where it does.
fn times() -> Vec<String> {
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let now: i64 = uptime.split('.').next().unwrap().parse().unwrap_or(0);
    let ends = (-2..=0).map(|more| format!("{}s", i64::MAX - now + more));
    let most =
        ["9223372036854775807s", "18446744073709551615s", "18446744073709551615s999999999ns"];
    ends.chain(most.map(str::to_owned)).collect()
}

/// A request, its end, and the answer, through an open relay or listener.
fn is_served(scene: &Scene, name: &str) {
    let mut client = scene.wire(name);
    client.send("hello");
    client.end();
    client.expect_rest("hello");
}

#[test]
fn a_relay_takes_the_longest_times() {
    let scene = Scene::new();
    let _echo = scene.listen("./t").args(["-k", "--", "cat"]).start_listening();
    for time in times() {
        for option in ["--idle-timeout", "--linger", "--wait", "--timeout", "--grace"] {
            let arg = format!("{option}={time}");
            let relay = scene.relay("./s", "./t").arg(&arg).start_listening();
            is_served(&scene, "./s");
            is_served(&scene, "./s");
            // With --grace somebody is still there.
            let client = scene.wire("./s");
            relay.wait_for_message("connection 3 ");
            signal(&relay, Signal::TERM);
            relay.wait_for_message("got signal");
            drop(client);
            relay.end().died_of(Signal::TERM);
        }
    }
    assert_eq!(scene.files(), ["t"]);
}

#[test]
fn a_relay_to_a_port_takes_the_longest_times() {
    let scene = Scene::new();
    let target = scene.relay("tcp:127.0.0.1:0", "exec:cat").start_listening();
    for time in times() {
        let (wait, timeout) = (format!("--wait={time}"), format!("--timeout={time}"));
        for args in [&[wait.as_str()][..], &[&timeout], &[&wait, &timeout]] {
            let relay = scene.relay("./s", &target.place()).args(args).start_listening();
            is_served(&scene, "./s");
            relay.kill();
        }
    }
}

#[test]
fn listeners_take_the_longest_times() {
    let scene = Scene::new();
    for time in times() {
        for option in ["--idle-timeout", "--linger", "--grace"] {
            let arg = format!("{option}={time}");
            for args in [&["-k", &arg, "--", "cat"][..], &[&arg, "--", "cat"]] {
                let server = scene.listen("./s").args(args).start_listening();
                is_served(&scene, "./s");
                server.kill();
            }
            let server = scene.listen("./s").arg(arg.as_str()).input("hi").start_listening();
            scene.connect("./s").input("there").run().silent().output("hi");
            server.end().ok().output("there");
        }
        let grace = format!("--grace={time}");
        let hub = scene.listen("./s").args(["-k", "--merge", &grace]).start_listening();
        let client = scene.wire("./s");
        hub.wait_for_message("connection 1 ");
        signal(&hub, Signal::TERM);
        hub.wait_for_message("got signal");
        drop(client);
        hub.end().died_of(Signal::TERM);
    }
}

#[test]
fn connect_takes_the_longest_times() {
    let scene = Scene::new();
    let _echo = scene.listen("./t").args(["-k", "--", "cat"]).start_listening();
    for time in times() {
        for option in ["--idle-timeout", "--linger", "--wait", "--timeout"] {
            let arg = format!("{option}={time}");
            scene.connect("./t").arg(&arg).input("hello").run().silent().output("hello");
        }
    }
}

#[test]
fn bench_takes_the_largest_times_and_numbers() {
    let scene = Scene::new();
    let most = u64::MAX.to_string();
    let time = "18446744073709551615s";
    for args in [
        &["latency", "--duration", time][..],
        &["latency", "--warmup", time],
        &["latency", "--warmup", time, "--duration", time, "--rate", "100"],
        &["latency", "--count", &most, "--rate", &most],
        &["throughput", "--bytes", &most, "--size", "1"],
        &["throughput", "--count", &most, "--size", "64K", "--warmup", "0s"],
        &["fan-in", "--count", &most, "--clients", "3"],
        &["connect", "--count", &most],
        &["connect", "--duration", time, "--api", "tokio"],
    ] {
        scene.lsock(["bench"]).args(args).arg("--explain").run().ok();
        let bench = scene.lsock(["bench"]).args(args).arg("--in-process").start();
        let tasks = format!("/proc/{}/task", bench.pid());
        // A rate that nobody can keep ends it.
        wait_until("it is at work", || {
            let threads = fs::read_dir(&tasks).map_or(0, Iterator::count);
            threads > 2 || !bench.stderr.so_far().is_empty()
        });
        signal(&bench, Signal::TERM);
        let outcome = bench.end();
        let code = outcome.status.code();
        assert!(!matches!(code, Some(101 | 134)), "{args:?}: {outcome:?}");
        assert!(!outcome.stderr.contains("internal error"), "{args:?}: {outcome:?}");
    }
}

#[test]
fn the_largest_numbers_are_taken() {
    let scene = Scene::new();
    let most = u64::MAX.to_string();
    let options = ["--max-conns", &most, "--max-conns-per-user", &most, "--backlog", "2147483647"];
    let server = scene.listen("./s").arg("-k").args(options).args(["--", "cat"]).start_listening();
    is_served(&scene, "./s");
    server.kill();
    let args = ["-k", "--merge", "--broadcast", "--queue", "1G"];
    let hub = scene.listen("./s").args(args).args(options).open_input().start_listening();
    let mut client = scene.wire("./s");
    client.send("line\n");
    hub.wait_for_output("line\n");
    let port = scene.relay("tcp:127.0.0.1:0", "exec:cat").args(["--backlog", "2147483647"]);
    port.start_listening();
}
