//! Servers that do not exist or misbehave: an error message and no report.

use crate::harness::{Outcome, Scene, Wire};
use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::symlink,
    sync::mpsc,
    thread,
    time::Duration,
};

const APIS: [&str; 2] = ["sync", "tokio"];
const ENDED: &str = "the server closed the connection before the end of the run";
const OTHER_BYTES: &str = "the received bytes differ from the sent ones";

/// Measures an external server at `./s`, for which `serve` handles each connection.
#[track_caller]
fn measure(line: &str, serve: impl Fn(Wire) + Send + Sync + Clone + 'static) -> Vec<Outcome> {
    let outcomes = APIS.into_iter().map(|api| {
        let scene = Scene::new();
        let (host, name) = scene.host("./s");
        let _serving = host.serve(serve.clone());
        let line = format!("{line} --to {name} --api {api} --warmup 1ms --repeat 1");
        let outcome = scene.bench(line.split_whitespace()).run().output("");
        assert_eq!(scene.files(), ["s"], "{}", outcome.report());
        outcome
    });
    outcomes.collect()
}

/// Echoes `bytes` bytes, after `answer` has changed them.
fn answer(mut wire: Wire, bytes: usize, answer: impl Fn(&mut [u8])) {
    let mut buffer = vec![0; 4096];
    let mut left = bytes;
    while left > 0
        && let Ok(read @ 1..) = wire.read(&mut buffer[..left.min(4096)])
    {
        answer(&mut buffer[..read]);
        // The client has noticed the error and closed.
        if wire.write_all(&buffer[..read]).is_err() {
            return;
        }
        left -= read;
    }
}

/// Reads to the end of file or to an error.
fn discard(mut wire: Wire) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(1..) = wire.read(&mut buffer) {}
}

#[test]
fn an_absent_server_is_status_3() {
    let scene = Scene::new();
    let (host, port) = scene.host("tcp:127.0.0.1:0");
    // The port is free again.
    drop(host);
    for name in ["./absent", scene.word(), &port] {
        for workload in ["throughput", "latency", "connect", "fan-in", "latency --rate 100"] {
            for api in APIS {
                let line = format!("{workload} --to {name} --api {api}");
                let outcome = scene.bench(line.split_whitespace()).run();
                outcome.fails(3).says("cannot connect to ").says(name).output("");
            }
        }
    }
    let outcome = scene.bench(["latency", "--to", "tcp:no-such-host.invalid:5"]).run();
    outcome.code(3).says("no-such-host.invalid").output("");
    assert_eq!(scene.files(), [""; 0]);
}

/// What is not a socket does not become one by starting a server.
#[test]
fn a_name_where_no_server_can_listen_gets_no_hint_to_start_one() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "").unwrap();
    symlink("nowhere", scene.path("link")).unwrap();
    let names = [
        ("./file", "it is a regular file, not a socket"),
        ("./link", "./nowhere, which does not exist"),
        ("./absent/s", "./absent does not exist"),
    ];
    for (name, reason) in names {
        let outcome = scene.bench(["latency", "--to", name]).run();
        outcome.fails(3).says(reason).does_not_say("hint: ").output("");
    }
    let hint = "hint: the server has to listen before each run";
    scene.bench(["latency", "--to", "./s"]).run().fails(3).says(hint);
}

#[test]
fn a_server_that_closes_early() {
    for workload in ["latency", "throughput --expect echo", "connect", "fan-in --expect echo"] {
        for outcome in measure(&format!("{workload} --size 64"), |wire| answer(wire, 7, |_| {})) {
            outcome.fails(1).says(workload.split(' ').next().unwrap()).says(ENDED);
        }
    }
    for outcome in measure("latency --rate 200", |wire| answer(wire, 64, |_| {})) {
        outcome.fails(1).says(ENDED);
    }
}

/// The server half-closes after ten answers, or before the first one, and continues to read.
#[track_caller]
fn answers_only_the_first(line: &str) {
    for answers in [0, 10] {
        let serve = move |wire: Wire| {
            answer(wire.another(), answers * 64, |_| {});
            wire.end();
            discard(wire);
        };
        for outcome in measure(line, serve) {
            outcome.fails(1).says("latency 64 over file").says(ENDED);
        }
    }
}

#[test]
fn a_server_that_answers_only_the_first_messages() {
    answers_only_the_first("latency --count 50");
}

#[test]
fn a_server_that_answers_only_the_first_messages_at_a_rate() {
    answers_only_the_first("latency --rate 100 --count 50");
}

#[test]
fn a_server_that_discards_and_closes_early() {
    for workload in ["throughput", "fan-in --clients 3"] {
        let read_some = |mut wire: Wire| drop(wire.read(&mut [0; 100]));
        for outcome in measure(&format!("{workload} --size 64K"), read_some) {
            outcome.fails(1).says(ENDED);
        }
    }
}

#[test]
fn a_server_that_answers_other_bytes() {
    let swap = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte = !*byte);
    let workloads =
        ["latency", "latency --rate 200", "throughput --expect echo --count 10", "connect"];
    for workload in workloads {
        let line = format!("{workload} --size 64");
        for outcome in measure(&line, move |wire| answer(wire, usize::MAX, swap)) {
            outcome.fails(1).says(OTHER_BYTES).says("at or after byte 0");
        }
    }
}

#[test]
fn a_server_that_answers_other_bytes_later() {
    let serve = |mut wire: Wire| {
        answer(wire.another(), 6400, |_| {});
        let mut message = [0; 64];
        let _ = wire.read_exact(&mut message);
        message[63] ^= 1;
        let _ = wire.write_all(&message);
        discard(wire);
    };
    for outcome in measure("latency --size 64", serve) {
        outcome.fails(1).says(OTHER_BYTES).says("byte 6400");
    }
}

/// The server reads everything, and echoes only the first bytes.
#[test]
fn a_server_that_answers_too_few_bytes() {
    let serve = |wire: Wire| {
        answer(wire.another(), 1000, |_| {});
        discard(wire);
    };
    for outcome in measure("throughput --expect echo --size 64 --count 1000", serve) {
        outcome.fails(1).says("bytes were sent, 1000 arrived");
    }
}

#[test]
fn a_server_that_answers_instead_of_discarding() {
    let serve = |mut wire: Wire| {
        let _ = wire.write_all(b"hello");
        discard(wire);
    };
    for outcome in measure("throughput --size 64 --count 100", serve) {
        outcome.fails(1).says("sent something, although it should only read");
    }
}

#[test]
fn a_server_that_never_answers() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let _serving = host.serve(discard);
    let bench = scene.bench(["latency", "--repeat", "1", "--to", &name]);
    bench.run().fails(1).says("no progress for 5s").says("hint: ").says("--expect").output("");
}

/// The server never stalls, but would need hours for what is in the buffers of the system.
#[test]
fn a_server_that_answers_slowly_ends_the_measurement_soon_after_its_time() {
    let serve = |mut wire: Wire| {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = wire.read(&mut buffer) {
            for byte in &buffer[..read] {
                if wire.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    };
    let workloads = ["throughput --expect echo", "fan-in --expect echo --clients 2"];
    for workload in workloads {
        for outcome in measure(&format!("{workload} --size 16 --duration 200ms"), serve) {
            let outcome =
                outcome.fails(1).says("not processed all data 5s 20ms after the end of the run");
            outcome.says("hint: the server is slow");
        }
    }
}

/// The BSDs and macOS refuse if the backlog is full.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_accepts_no_connection_is_status_4() {
    let scene = Scene::new();
    for name in ["./s", &format!("@{}", scene.word())] {
        let (host, name) = scene.host(name);
        host.backlog(0);
        let _queued = scene.wire(&name);
        for api in APIS {
            let outcome = scene.bench(["latency", "--to", &name, "--api", api]).run().fails(4);
            let message = format!("cannot connect to {name}: it accepted no connection for 5s");
            outcome.says(&message).says("hint: the backlog of the server is full").output("");
        }
    }
}

/// There is no server for the second run.
#[test]
fn a_server_for_a_single_client() {
    for api in APIS {
        let scene = Scene::new();
        let (host, name) = scene.host("./s");
        let (done, is_done) = mpsc::channel();
        let server = thread::spawn(move || {
            let wire = host.accept();
            // The socket is closed before the first run ends.
            drop(host);
            discard(wire);
            done.send(()).unwrap();
        });
        let args = ["throughput", "--size", "64", "--count", "10", "--repeat", "2", "--api", api];
        let outcome = scene.bench(args).args(["--to", &name]).run();
        is_done.recv_timeout(crate::harness::DEADLINE).expect("the first run has an end");
        server.join().unwrap();
        let outcome = outcome.fails(3).output("");
        outcome.says("run 2 of 2: cannot connect to ./s: connection refused");
    }
}

#[test]
fn a_rate_that_cannot_be_kept() {
    let scene = Scene::new();
    for server in ["", "--in-process"] {
        for api in APIS {
            let line = format!(
                "latency --rate 100000000 --duration 300ms --warmup 1ms --repeat 1 --api {api} {server}"
            );
            let outcome = scene.bench(line.split_whitespace()).run().fails(1).output("");
            let outcome = outcome.says("100000000 messages per second are not possible");
            let number = |before: &str| {
                let (_, rest) = outcome.stderr.split_once(before).expect(before);
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                digits.parse::<u64>().unwrap_or_else(|_| panic!("{}", outcome.report()))
            };
            let (reached, advised) = (number("not possible: "), number("hint: --rate "));
            assert!(0 < advised && advised <= reached.max(1), "{}", outcome.report());
        }
    }
}
