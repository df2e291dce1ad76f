//! The largest times, sizes and numbers of options.

use crate::harness::{Running, Scene, signal, threads_of, wait_until};
use rustix::process::Signal;
use std::fs;

/// Returns times that overflow the clock, and some that end close to its largest value.
fn times() -> Vec<String> {
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let now: i64 = uptime.split('.').next().unwrap().parse().unwrap_or(0);
    let ends = (-2..=0).map(|more| format!("{}s", i64::MAX - now + more));
    let most =
        ["9223372036854775807s", "18446744073709551615s", "18446744073709551615s999999999ns"];
    ends.chain(most.map(str::to_owned)).collect()
}

/// Terminates a server while a client is connected, so that the grace time applies.
fn terminate_with_client(scene: &Scene, server: Running, number: u32) {
    let client = scene.wire("./s");
    server.wait_for_message(&format!("connection {number} "));
    signal(&server, Signal::TERM);
    server.wait_for_message("got signal");
    drop(client);
    server.end().died_of(Signal::TERM);
}

#[test]
fn a_relay_takes_the_longest_times() {
    let scene = Scene::new();
    let _echo = scene.listen("./t").args(["-k", "--", "cat"]).start_listening();
    for time in times() {
        for option in
            ["--idle-timeout", "--max-time", "--linger", "--wait", "--connect-timeout", "--grace"]
        {
            let relay = scene.relay("./s", "./t").arg(format!("{option}={time}"));
            let relay = relay.start_listening();
            scene.wire("./s").expect_echo("hello");
            scene.wire("./s").expect_echo("hello");
            terminate_with_client(&scene, relay, 3);
        }
    }
    assert_eq!(scene.files(), ["t"]);
}

#[test]
fn a_relay_to_a_port_takes_the_longest_times() {
    let scene = Scene::new();
    let target = scene.relay("tcp:127.0.0.1:0", "exec:cat").start_listening();
    for time in times() {
        let (wait, timeout) = (format!("--wait={time}"), format!("--connect-timeout={time}"));
        for args in [&[wait.as_str()][..], &[&timeout], &[&wait, &timeout]] {
            let relay = scene.relay("./s", &target.listen_name()).args(args).start_listening();
            scene.wire("./s").expect_echo("hello");
            relay.kill();
        }
    }
}

#[test]
fn listeners_take_the_longest_times() {
    let scene = Scene::new();
    for time in times() {
        for option in ["--idle-timeout", "--max-time", "--linger", "--grace"] {
            let arg = format!("{option}={time}");
            for args in [&["-k", &arg, "--", "cat"][..], &[&arg, "--", "cat"]] {
                let server = scene.listen("./s").args(args).start_listening();
                scene.wire("./s").expect_echo("hello");
                server.kill();
            }
            let server = scene.listen("./s").arg(&arg).input("hi").start_listening();
            scene.connect("./s").input("there").run().silent().output("hi");
            server.end().ok().output("there");
        }
        let hub = scene.listen("./s").args(["-k", "--merge"]).arg(format!("--grace={time}"));
        terminate_with_client(&scene, hub.start_listening(), 1);
    }
}

#[test]
fn connect_takes_the_longest_times() {
    let scene = Scene::new();
    let _echo = scene.listen("./t").args(["-k", "--", "cat"]).start_listening();
    for time in times() {
        for option in ["--idle-timeout", "--max-time", "--linger", "--wait", "--connect-timeout"] {
            let client = scene.connect("./t").arg(format!("{option}={time}"));
            client.input("hello").run().silent().output("hello");
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
        // A rate that cannot be kept ends it with a message.
        wait_until("it measures or has failed", || {
            threads_of(&bench) > 2 || !bench.log().is_empty()
        });
        signal(&bench, Signal::TERM);
        let outcome = bench.end().does_not_say("internal error");
        assert!(!matches!(outcome.status.code(), Some(101 | 134)), "{}", outcome.report());
    }
}

#[test]
fn servers_take_the_largest_numbers() {
    let scene = Scene::new();
    let most = u64::MAX.to_string();
    let options = ["--max-conns", &most, "--max-conns-per-user", &most, "--backlog", "2147483647"];
    let server = scene.listen("./s").arg("-k").args(options).args(["--", "cat"]).start_listening();
    scene.wire("./s").expect_echo("hello");
    server.kill();
    let args = ["-k", "--merge", "--broadcast", "--queue", "1G"];
    let hub = scene.listen("./s").args(args).args(options).open_input().start_listening();
    scene.wire("./s").send("line\n");
    hub.wait_for_output("line\n");
    let relay = scene.relay("tcp:127.0.0.1:0", "exec:cat").args(["--backlog", "2147483647"]);
    relay.start_listening();
}
