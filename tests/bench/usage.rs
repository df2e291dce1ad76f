//! Wrong usage: one line and a hint, status 2, and nothing is opened.

use crate::harness::Scene;

#[test]
fn unknown_options_and_wrong_values() {
    refused(&[
        ("throughputs", "throughput"),
        ("throughput latency", "latency"),
        ("latency --size 0", "from 1 to 1G"),
        ("latency --size 2G", "from 1 to 1G"),
        ("latency --size 64,0", "from 1 to 1G"),
        ("latency --size 64,,1K", "64K"),
        ("latency --duration 0s", "more than zero"),
        ("latency --duration 5", "250ms"),
        ("latency --duration 1s --duration 2s", "--duration"),
        ("latency --warmup=-1s", "250ms"),
        ("latency --bytes 0", "more than zero"),
        ("latency --count 0", "from 1"),
        ("latency --clients 0", "from 1 to 10000"),
        ("latency --clients 10001", "from 1 to 10000"),
        ("latency --repeat 0", "--repeat"),
        ("latency --rate 0", "from 1"),
        ("latency --rate 1.5", "from 1"),
        ("latency --over udp", "socketpair"),
        ("latency --over abstract,udp", "socketpair"),
        ("latency --api async", "tokio"),
        ("latency --pin 99999", "99999"),
        ("latency --pin x", "--pin"),
        ("latency --to x --expect more", "discard"),
        ("latency --to", "--to"),
        ("latency --fail-over 5", "--compare"),
        ("latency --compare x --fail-over much", "from 0 to 1000"),
        ("latency --compare x --fail-over=-1", "from 0 to 1000"),
    ]);
}

#[test]
fn options_that_conflict_with_a_workload() {
    refused(&[
        ("connect --over pipe", "--over pipe"),
        ("connect --over abstract,pipe", "--over pipe"),
        ("throughput --over pipe --clients 2", "--in-process"),
        ("latency --over pipe --clients 1,2", "--in-process"),
        ("fan-in --over pipe", "--in-process"),
        ("throughput --rate 100", "--rate requires latency"),
        ("connect --rate 100", "--rate requires latency"),
        ("fan-in --rate 100", "--rate requires latency"),
        ("latency --rate 1 --duration 100ms", "no message is due within 100ms"),
        ("latency --both-ways", "--both-ways requires throughput"),
        ("connect --both-ways", "--both-ways requires throughput"),
        ("fan-in --both-ways", "--both-ways requires throughput"),
        ("latency --count 5 --duration 1s", "--duration"),
        ("latency --bytes 5 --duration 1s", "--duration"),
        ("latency --bytes 5 --count 5", "--bytes"),
    ]);
}

/// Windows has no socket pairs.
#[cfg(unix)]
#[test]
fn options_that_conflict_with_socket_pairs() {
    refused(&[
        ("connect --over socketpair", "--over socketpair"),
        ("throughput --over socketpair --clients 2", "--in-process"),
    ]);
}

#[test]
fn options_that_conflict_with_the_tour() {
    for options in
        ["--size 64", "--clients 2", "--bytes 1M", "--count 5", "--rate 5", "--both-ways"]
    {
        refused(&[(options, "require a workload")]);
    }
    refused(&[("--to x", "require a workload"), ("--at x", "require a workload")]);
}

#[test]
fn options_that_conflict_with_an_external_server() {
    refused(&[
        ("latency --expect echo", "--expect requires --to"),
        ("latency --to x --over abstract", "--over"),
        ("latency --to x --in-process", "--in-process"),
        ("throughput --to x --both-ways", "--both-ways"),
        ("latency --to x --expect discard", "--expect echo"),
        ("latency --to x --size 65537", "64K"),
        ("latency --to x --size 64,1M", "64K"),
        ("latency --to -", "not a server"),
        ("latency --to exec:cat", "not a server"),
        ("latency --to fd:3", "fd:3"),
        ("latency --to @", "empty"),
        ("latency --to tcp:80", "tcp:HOST:PORT"),
        ("latency --to x --at y", "--at"),
    ]);
}

#[test]
fn options_that_conflict_with_external_clients() {
    refused(&[
        ("latency --at -", "not a server"),
        ("latency --at exec:cat", "not a server"),
        ("latency --at x --over abstract", "--over"),
        ("latency --at x --in-process", "--in-process"),
        ("throughput --at x --both-ways", "--both-ways"),
        ("latency --at x --rate 5", "--rate"),
        ("latency --at x --duration 1s", "--duration"),
        ("latency --at x --bytes 5", "--bytes"),
        ("latency --at x --warmup 1s", "--warmup"),
        ("latency --at x --count 5", "--count"),
        ("throughput --at x --count 5", "--count"),
        ("fan-in --at x --count 5", "--count"),
        ("connect --at x", "--count"),
        ("latency --at tcp:0.0.0.0:0", "from other machines"),
        ("throughput --at tcp:[::]:0", "from other machines"),
        ("throughput --at x --size 64,4K", "one --size"),
        ("throughput --at x --clients 1,2", "one --size, --clients"),
        ("throughput --at x --api sync,tokio", "--api"),
    ]);
}

#[track_caller]
fn refused(cases: &[(&str, &str)]) {
    let scene = Scene::new();
    for (line, part) in cases {
        let outcome = scene.bench(line.split_whitespace()).run();
        outcome.fails(2).says(part).says("hint: ").output("");
        assert_eq!(scene.files(), [""; 0], "{line}");
    }
}
