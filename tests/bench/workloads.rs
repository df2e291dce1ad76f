//! Every workload over every transport, with both APIs, in two processes and in one.

use super::{assert_cases, cases};
use crate::harness::{Report, Row, Scene, signal};
use rustix::process::Signal;
use std::{fs, thread, time::Duration};

const ALL: [&str; 5] = ["file", "abstract", "pipe", "socketpair", "tcp"];
const NAMED: [&str; 3] = ["file", "abstract", "tcp"];
const SERVERS: [&str; 2] = ["", "--in-process"];

/// Measures with both APIs, and checks that nothing is left behind.
#[track_caller]
fn measure(line: &str, over: &[&str]) -> Report {
    let scene = Scene::new();
    let line = format!("{line} --over {} --api sync,tokio --warmup 5ms", over.join(","));
    let bench = scene.bench(line.split_whitespace()).start();
    let pid = bench.pid();
    let report = bench.end().measured();
    assert_eq!(scene.files(), [""; 0], "files are left behind\n{}", report.evidence);
    let left = left_behind(pid);
    assert!(left.is_empty(), "left behind: {left:?}\n{}", report.evidence);
    report
}

/// Returns names and processes that a `lsock bench` has left behind.
fn left_behind(pid: u32) -> Vec<String> {
    let own = [format!("lsock-bench-{pid}-"), format!("lsock-bench-control-{pid}-")];
    let is_own = |text: &String| own.iter().any(|name| text.contains(name));
    let names = fs::read_to_string("/proc/net/unix").unwrap();
    let names = names.lines().map(str::to_owned).filter(is_own);
    let commands = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        // A process that has ended in the meantime has no command line.
        let command = fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&command).replace('\0', " "))
    });
    names.chain(commands.filter(is_own)).collect()
}

#[test]
fn throughput_sends_the_requested_number_of_messages() {
    for server in SERVERS {
        let line = format!("throughput --size 1,4K,100000 --count 50 --repeat 2 {server}");
        let report = measure(&line, &ALL).of_whole_messages().of_messages(2, |_| 50);
        assert_cases(&report, &cases("throughput", &ALL, &[1], &[1, 4096, 100_000]));
    }
}

#[test]
fn bytes_are_rounded_up_to_whole_messages_which_clients_share() {
    for server in SERVERS {
        let line = format!("throughput --size 64K,1M --bytes 1000001 --clients 1,3 {server}");
        let report = measure(&format!("{line} --repeat 1"), &NAMED).of_whole_messages();
        let report = report.of_messages(1, |row| if row.size == 64 << 10 { 16 } else { 1 });
        assert_cases(&report, &cases("throughput", &NAMED, &[1, 3], &[64 << 10, 1 << 20]));
        let expected = |row: &Row| match (row.clients, row.size == 64 << 10) {
            (1, _) => None,
            // 6, 5 and 5 messages, or one message for three clients.
            (_, true) => Some(5.0 / 6.0),
            (_, false) => Some(0.0),
        };
        let are_fair = report.rows.iter().all(|row| row.fairness == expected(row));
        assert!(are_fair, "{}", report.evidence);
    }
}

#[test]
fn with_both_ways_both_sides_send() {
    for server in SERVERS {
        let line = format!("throughput --both-ways --size 64,64K --count 200 --repeat 1 {server}");
        let report = measure(&line, &ALL);
        assert_cases(&report, &cases("throughput", &ALL, &[1], &[64, 64 << 10]));
        for row in &report.rows {
            let is_both = row.both_ways && row.runs[0].messages >= 200;
            let sent = 200 * row.size;
            assert!(is_both && row.runs[0].bytes >= sent, "{}\n{}", row.case(), report.evidence);
        }
    }
}

#[test]
fn latency_times_every_message() {
    for server in SERVERS {
        let line = format!("latency --size 1,64,100000 --count 100 --repeat 2 {server}");
        let report = measure(&line, &ALL).of_whole_messages().of_messages(2, |_| 100);
        assert_cases(&report, &cases("latency", &ALL, &[1], &[1, 64, 100_000]));
        let mut times = report.rows.iter().map(|row| row.latency.as_ref().map(|it| it.count));
        let all = times.all(|count| count == Some(200));
        assert!(all, "{}", report.evidence);
    }
}

#[test]
fn latency_of_several_clients() {
    for server in SERVERS {
        let line = format!("latency --clients 2,5 --count 101 --repeat 1 {server}");
        let report = measure(&line, &NAMED).of_whole_messages();
        let report = report.of_messages(1, |_| 101);
        assert_cases(&report, &cases("latency", &NAMED, &[2, 5], &[64]));
    }
}

/// A low rate, which a machine under load can keep.
#[test]
fn latency_at_a_rate_times_every_message() {
    for server in SERVERS {
        let line = format!("latency --rate 20 --count 4 --repeat 1 {server}");
        let report = measure(&line, &ALL).of_whole_messages().of_messages(1, |_| 4);
        assert_cases(&report, &cases("latency", &ALL, &[1], &[64]));
        assert!(report.rows.iter().all(|row| row.latency.is_some()), "{}", report.evidence);
    }
}

#[test]
fn connections_are_counted_and_timed() {
    for server in SERVERS {
        let line = format!("connect --count 30 --clients 1,3 --size 1,1K --repeat 2 {server}");
        let report = measure(&line, &NAMED).of_whole_messages().of_messages(2, |_| 30);
        assert_cases(&report, &cases("connect", &NAMED, &[1, 3], &[1, 1024]));
        assert!(report.rows.iter().all(|row| row.latency.is_some()), "{}", report.evidence);
    }
}

#[test]
fn many_clients_and_one_server() {
    for server in SERVERS {
        let line = format!("fan-in --count 320 --repeat 1 {server}");
        let report = measure(&line, &NAMED).of_whole_messages().of_messages(1, |_| 320);
        assert_cases(&report, &cases("fan-in", &NAMED, &[16], &[64]));
    }
    // A process has only one of these.
    let pairs = ["pipe", "socketpair"];
    let line = "fan-in --in-process --clients 7 --count 70 --repeat 1";
    let report = measure(line, &pairs).of_whole_messages().of_messages(1, |_| 70);
    assert_cases(&report, &cases("fan-in", &pairs, &[7], &[64]));
    let line = "fan-in --clients 1 --count 70 --repeat 1";
    let report = measure(line, &pairs).of_whole_messages().of_messages(1, |_| 70);
    assert_cases(&report, &cases("fan-in", &pairs, &[1], &[64]));
}

/// Long enough for a message, even on a machine under load.
#[test]
fn runs_can_be_limited_by_time() {
    for server in SERVERS {
        for workload in ["throughput", "latency", "connect", "fan-in"] {
            let line = format!("{workload} --size 64 --duration 300ms --repeat 1 {server}");
            let report = measure(&line, &["abstract"]).of_whole_messages();
            let clients = if workload == "fan-in" { 16 } else { 1 };
            assert_cases(&report, &cases(workload, &["abstract"], &[clients], &[64]));
        }
    }
}

#[test]
fn the_tour_measures_all_transports() {
    let scene = Scene::new();
    let report = scene.measure("--repeat 1").of_whole_messages();
    let mut expected = Vec::new();
    for (workload, size, over) in
        [("throughput", 65536, &ALL[..]), ("latency", 64, &ALL), ("connect", 8, &NAMED)]
    {
        expected.extend(over.iter().map(|over| format!("{workload} {size} {over} sync 1")));
    }
    assert_cases(&report, &expected);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn runs_can_be_pinned_to_a_cpu() {
    let scene = Scene::new();
    let cpus = rustix::thread::sched_getaffinity(None).unwrap();
    let cpu = (0..1024).find(|cpu| cpus.is_set(*cpu)).unwrap();
    for server in SERVERS {
        let line = format!("latency --pin {cpu} --count 10 --repeat 1 --api sync,tokio {server}");
        scene.measure(&line).of_whole_messages().of_messages(1, |_| 10);
    }
}

/// A delay shows in the times: it does not mean that the rate is not possible.
#[test]
fn a_process_that_is_stopped_for_a_while_sends_its_late_messages() {
    let scene = Scene::new();
    for server in SERVERS {
        for api in ["sync", "tokio"] {
            let line = format!("latency -v --rate 20 --count 8 --repeat 1 --api {api} {server}");
            let bench = scene.bench(line.split_whitespace()).start();
            bench.wait_for_message("run 1 of 1");
            // Stops in the middle of the run, and for longer than all of it.
            thread::sleep(Duration::from_millis(200));
            signal(&bench, Signal::STOP);
            thread::sleep(Duration::from_secs(1));
            signal(&bench, Signal::CONT);
            bench.end().measured().of_whole_messages().of_messages(1, |_| 8);
        }
    }
}
