//! `--at`: clients of other programs, each of whose connections is a run.

use super::{assert_cases, python};
use crate::harness::{Cmd, Running, Scene, data, has};

/// Starts `lsock bench WORKLOAD --at NAME` and waits until it listens.
#[track_caller]
fn listen(scene: &Scene, line: &str) -> Running {
    let args = ["-v"].into_iter().chain(line.split_whitespace());
    scene.bench(args).start_listening()
}

const APIS: [&str; 2] = ["sync", "tokio"];

/// All bytes of a client are counted; none come back.
#[track_caller]
fn is_discarded(scene: &Scene, name: &str, client: impl Fn(&str) -> Cmd) {
    for api in APIS {
        for size in [1_usize, 70_000, 3_000_001] {
            let line = format!("throughput --size 1 --at {name} --api {api}");
            let bench = listen(scene, &line);
            client(&bench.listen_name()).input(data(size)).run().ok().output("");
            let report = bench.end().measured().of_messages(1, |_| size as u64);
            assert_eq!(report.bytes(), [size as u64], "{}", report.evidence);
        }
    }
}

/// All bytes of a client come back.
#[track_caller]
fn is_echoed(scene: &Scene, name: &str, client: impl Fn(&str) -> Cmd) {
    for api in APIS {
        for size in [64_usize, 70_000, 3_000_001] {
            let bench = listen(scene, &format!("latency --size 64 --at {name} --api {api}"));
            let bytes = data(size);
            client(&bench.listen_name()).input(bytes.clone()).run().ok().output(bytes);
            let report = bench.end().measured().of_messages(1, |_| size.div_ceil(64) as u64);
            assert_eq!(report.bytes(), [size as u64], "{}", report.evidence);
        }
    }
}

#[test]
fn socat_sends() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let socat = |address: String| scene.command("socat").args(["-t", "40", "-", &address]);
    let word = scene.word().to_owned();
    is_discarded(&scene, "./s", |_| socat("UNIX-CONNECT:s".to_owned()));
    is_discarded(&scene, &word, |_| socat(format!("ABSTRACT-CONNECT:{word}")));
    is_discarded(&scene, "tcp:127.0.0.1:0", |name| socat(name.replace("tcp:", "TCP-CONNECT:")));
    is_echoed(&scene, "./s", |_| socat("UNIX-CONNECT:s".to_owned()));
    is_echoed(&scene, &word, |_| socat(format!("ABSTRACT-CONNECT:{word}")));
}

#[test]
fn nc_sends() {
    if !has("nc") {
        return;
    }
    let scene = Scene::new();
    let nc = |args: &[&str]| scene.command("nc").arg("-N").args(args);
    let name = format!("@{}", scene.word());
    is_discarded(&scene, "./s", |_| nc(&["-U", "s"]));
    is_discarded(&scene, &name, |name| nc(&["-U", name]));
    is_echoed(&scene, "./s", |_| nc(&["-U", "s"]));
    is_echoed(&scene, "tcp:127.0.0.1:0", |name| {
        nc(&["127.0.0.1", name.rsplit(':').next().unwrap()])
    });
}

#[test]
fn python_sends() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    for name in ["./s", &format!("@{}", scene.word()), "tcp:127.0.0.1:0"] {
        for api in APIS {
            let sent = [("throughput", "send"), ("latency", "exchange")];
            for ((workload, does), count) in sent.into_iter().zip([1_000_003, 200_001]) {
                let bench =
                    listen(&scene, &format!("{workload} --size 64 --at {name} --api {api}"));
                python(&scene, &[does, &bench.listen_name(), &count.to_string()]).run().silent();
                let report = bench.end().measured();
                assert_eq!(report.bytes(), [count], "{}", report.evidence);
            }
        }
    }
}

#[test]
fn python_connects_twenty_times() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    for name in ["./s", &format!("@{}", scene.word()), "tcp:127.0.0.1:0"] {
        for api in APIS {
            let bench = listen(&scene, &format!("connect --count 20 --at {name} --api {api}"));
            python(&scene, &["visit", &bench.listen_name(), "20"]).run().silent();
            let report = bench.end().measured().of_messages(1, |_| 20).of_whole_messages();
            assert_eq!(report.bytes(), [160]);
        }
    }
}

/// Both clients get their answers while the other one is connected.
#[test]
fn two_clients_at_once() {
    let scene = Scene::new();
    for name in ["./s", &format!("@{}", scene.word()), "tcp:127.0.0.1:0"] {
        for api in APIS {
            let line =
                format!("fan-in --expect echo --clients 2 --size 10 --at {name} --api {api}");
            let bench = listen(&scene, &line);
            let name = bench.listen_name();
            let (mut one, mut other) = (scene.wire(&name), scene.wire(&name));
            for text in ["hello, one", "and another"] {
                other.send(text);
                other.expect(text);
                one.send(text);
                one.expect(text);
            }
            other.end();
            assert!(other.rest().is_empty());
            one.send("still here");
            one.expect("still here");
            one.end();
            assert!(one.rest().is_empty());
            let report = bench.end().measured();
            assert_eq!(report.bytes(), [21 + 21 + 10], "{}", report.evidence);
        }
    }
}

#[test]
fn two_programs_at_once() {
    if !has("socat") || !has("python3") {
        return;
    }
    let scene = Scene::new();
    for api in APIS {
        let bench = listen(&scene, &format!("fan-in --clients 2 --at ./s --api {api}"));
        let socat = scene.command("socat").args(["-t", "40", "-", "UNIX-CONNECT:s"]);
        let socat = socat.input(data(500_000)).start();
        python(&scene, &["send", "./s", "300001"]).run().silent();
        socat.end().ok().output("");
        let report = bench.end().measured();
        assert_eq!(report.bytes(), [800_001], "{}", report.evidence);
    }
}

#[test]
fn every_run_has_its_own_client() {
    let scene = Scene::new();
    for api in APIS {
        let line = format!("throughput --size 1 --repeat 3 --at ./s --api {api}");
        let mut bench = listen(&scene, &line);
        for size in [1000, 20_000, 3] {
            assert!(bench.is_running());
            assert!(scene.wire("./s").exchange(&data(size)).is_empty());
        }
        let report = bench.end().measured();
        assert_eq!(report.bytes(), [1000, 20_000, 3], "{}", report.evidence);
    }
}

#[test]
fn the_report_contains_the_behaviour_of_the_server() {
    let scene = Scene::new();
    let cases = [
        ("throughput", "own-discard"),
        ("latency", "own-echo"),
        ("throughput --expect echo", "own-echo"),
        ("latency --expect discard", "own-discard"),
    ];
    for (line, server) in cases {
        let bench = listen(&scene, &format!("{line} --size 1 --at ./s"));
        let sent = b"some bytes";
        let back = scene.wire("./s").exchange(sent);
        let expected: &[u8] = if server == "own-echo" { sent } else { b"" };
        assert_eq!(back, expected, "{line}");
        let report = bench.end().measured();
        // A server does not measure how long its answers take.
        assert_cases(&report, &["throughput 1 file sync 1".to_owned()]);
        assert_eq!(
            report.server,
            serde_json::json!({ "kind": server, "name": "./s" }),
            "{}",
            report.evidence
        );
    }
}

#[test]
fn a_client_that_closes_early_is_an_error() {
    let scene = Scene::new();
    for api in APIS {
        let line = format!("latency --at ./s --api {api}");
        let bench = scene.bench(line.split_whitespace()).start();
        let mut client = scene.wire("./s");
        // The client does not read the answer.
        client.send([0; 1000]);
        drop(client);
        let outcome = bench.end();
        // The client may close before the server has read or answered.
        if outcome.status.success() {
            outcome.measured();
        } else {
            outcome.fails(1).says("a client closed the connection").output("");
        }
    }
}

#[test]
fn a_client_that_sends_nothing_is_an_error() {
    let scene = Scene::new();
    for api in APIS {
        let line = format!("throughput --size 1 --at ./s --api {api}");
        let bench = scene.bench(line.split_whitespace()).start();
        assert!(scene.wire("./s").exchange(b"").is_empty());
        bench.end().fails(1).says("the clients sent nothing").output("");
    }
}

#[test]
fn names_that_cannot_be_listened_on() {
    let scene = Scene::new();
    let (_live, name) = scene.host("./live");
    let (_port, port) = scene.host("tcp:127.0.0.1:0");
    for name in [&name, &port, "./no-folder/s"] {
        for api in APIS {
            let outcome = scene.bench(["latency", "--api", api, "--at", name]).run();
            outcome.fails(3).says(name).output("");
        }
    }
    scene.wire("./live");
    assert_eq!(scene.files(), ["live"]);
}
