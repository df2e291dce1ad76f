//! What every system measures: names, TCP and pipes, with two processes and with one.

use super::{assert_cases, cases};
use crate::harness::{Report, Scene, data};
use local_socket::{ListenerOptions, Name, Stream, prelude::*};
use std::{
    io::{Read, Write},
    net::Shutdown,
    thread::{self, JoinHandle},
};

const SERVERS: [&str; 2] = ["", "--in-process"];
const OPTIONS: &str = "--repeat 1 --warmup 5ms";

/// Measures over a name and TCP with both APIs, and over pipes with the APIs that support them.
#[track_caller]
fn over_everything(line: &str, check: impl Fn(Report) -> Report) {
    let scene = Scene::new();
    let workload = line.split(' ').next().unwrap();
    for server in SERVERS {
        let line = format!("{line} --size 64,64K {OPTIONS} {server}");
        let report = check(scene.measure(&format!("{line} --over abstract,tcp --api sync,tokio")));
        assert_cases(&report, &cases(workload, &["abstract", "tcp"], &[1], &[64, 64 << 10]));
        let api = if cfg!(windows) { "sync" } else { "sync,tokio" };
        let report = check(scene.measure(&format!("{line} --over pipe --api {api}")));
        let mut expected = cases(workload, &["pipe"], &[1], &[64, 64 << 10]);
        expected.retain(|case| !cfg!(windows) || !case.contains("tokio"));
        assert_cases(&report, &expected);
    }
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn throughput() {
    over_everything("throughput --count 50", |report| {
        report.of_whole_messages().of_messages(1, |_| 50)
    });
}

#[test]
fn throughput_both_ways() {
    over_everything("throughput --both-ways --count 50", |report| {
        for row in &report.rows {
            let is_all = row.both_ways && row.runs[0].bytes >= 50 * row.size;
            assert!(is_all, "{}\n{}", row.case(), report.evidence);
        }
        report
    });
}

/// The messages are few: on a busy machine each one over TCP can take half a second under Wine.
#[test]
fn latency() {
    over_everything("latency --count 10", |report| {
        assert!(report.rows.iter().all(|row| row.latency.is_some()), "{}", report.evidence);
        report.of_whole_messages().of_messages(1, |_| 10)
    });
}

/// A low rate, which a machine under load can keep.
#[test]
fn latency_at_a_rate() {
    over_everything("latency --rate 20 --count 4", |report| {
        report.of_whole_messages().of_messages(1, |_| 4)
    });
}

#[test]
fn connections() {
    let scene = Scene::new();
    for server in SERVERS {
        let line = format!("connect --count 20 --clients 1,2 {OPTIONS} {server}");
        let report = scene.measure(&format!("{line} --over file,abstract,tcp --api sync,tokio"));
        let report = report.of_whole_messages().of_messages(1, |_| 20);
        assert_cases(&report, &cases("connect", &["file", "abstract", "tcp"], &[1, 2], &[8]));
    }
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn many_clients() {
    let scene = Scene::new();
    for server in SERVERS {
        let line = format!("fan-in --count 160 {OPTIONS} {server}");
        let report = scene.measure(&format!("{line} --over abstract,tcp --api sync,tokio"));
        let report = report.of_whole_messages().of_messages(1, |_| 160);
        assert_cases(&report, &cases("fan-in", &["abstract", "tcp"], &[16], &[64]));
    }
}

#[test]
fn the_tour() {
    let scene = Scene::new();
    let report = scene.measure("--repeat 1").of_whole_messages();
    let count = if cfg!(windows) { 8 } else { 13 };
    assert_eq!(report.rows.len(), count, "{}", report.evidence);
    assert_eq!(scene.files(), [""; 0]);
}

/// Echoes for `clients` clients, one after another.
fn echo(name: &str, clients: usize) -> JoinHandle<()> {
    let name = Name::parse(name).unwrap().into_owned();
    let listener = ListenerOptions::new().name(name).create_sync().unwrap();
    thread::spawn(move || {
        for _ in 0..clients {
            let mut stream = listener.accept().unwrap();
            let mut buffer = vec![0; 64 << 10];
            while let read @ 1.. = stream.read(&mut buffer).unwrap() {
                stream.write_all(&buffer[..read]).unwrap();
            }
        }
    })
}

#[test]
fn an_external_server() {
    let scene = Scene::new();
    let server = echo(scene.word(), 4);
    for api in ["sync", "tokio"] {
        for line in ["latency --count 50", "throughput --size 64K --count 50 --expect echo"] {
            let line = format!("{line} --to {} --api {api} {OPTIONS}", scene.word());
            scene.measure(&line).of_whole_messages().of_messages(1, |_| 50);
        }
    }
    server.join().unwrap();
}

#[test]
fn external_clients() {
    let scene = Scene::new();
    let bytes = data(300_007);
    for api in ["sync", "tokio"] {
        for (workload, back) in [("latency", &bytes[..]), ("throughput", &[])] {
            let line = format!("{workload} -v --size 1 --at {} --api {api}", scene.word());
            let bench = scene.bench(line.split_whitespace()).start_listening();
            let stream = Stream::connect(Name::parse(scene.word()).unwrap()).unwrap();
            let received = thread::scope(|scope| {
                scope.spawn(|| {
                    (&stream).write_all(&bytes).unwrap();
                    stream.shutdown(Shutdown::Write).unwrap();
                });
                let mut received = Vec::new();
                (&stream).read_to_end(&mut received).unwrap();
                received
            });
            assert!(received == back, "{workload} {api}: {} bytes came back", received.len());
            let report = bench.end().measured();
            assert_eq!(report.bytes(), [300_007], "{}", report.evidence);
            let kind = if back.is_empty() { "own-discard" } else { "own-echo" };
            assert_eq!(report.server["kind"], kind, "{}", report.evidence);
        }
    }
}

#[test]
fn an_absent_server() {
    let scene = Scene::new();
    for api in ["sync", "tokio"] {
        for workload in ["throughput", "latency", "connect", "fan-in"] {
            let args = [workload, "--api", api, "--to", scene.word()];
            scene.bench(args).run().fails(3).says(scene.word()).output("");
        }
    }
}

#[cfg(windows)]
#[test]
fn unsupported_transports_of_windows_are_refused() {
    let scene = Scene::new();
    let cases = [
        ("latency --over socketpair", "--over socketpair"),
        ("throughput --over abstract,socketpair", "--over socketpair"),
        ("latency --over pipe --api tokio", "--over pipe --api tokio"),
        ("latency --over pipe --api sync,tokio", "--over pipe --api tokio"),
    ];
    for (line, part) in cases {
        let outcome = scene.bench(line.split_whitespace()).run();
        outcome.fails(2).says(part).says("Windows").output("");
    }
    assert_eq!(scene.files(), [""; 0]);
}
