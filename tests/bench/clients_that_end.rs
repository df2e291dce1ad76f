//! `--at`, and clients that send little or nothing, or close early.

use crate::harness::{Scene, data};

const APIS: [&str; 2] = ["sync", "tokio"];
const NOTHING: &str = "the clients sent nothing";

#[test]
fn the_name_is_removed_at_the_end() {
    let scene = Scene::new();
    for api in APIS {
        for workload in ["throughput", "latency", "fan-in --clients 1", "connect --count 1"] {
            let line = format!("{workload} -v --size 1 --at ./s --api {api}");
            let bench = scene.bench(line.split(' ')).start_listening();
            assert_eq!(scene.files(), ["s"]);
            scene.wire("./s").exchange(b"hello");
            let report = bench.end().measured();
            assert_eq!(report.bytes(), [5], "{}", report.evidence);
            assert_eq!(scene.files(), [""; 0], "{}", report.evidence);
        }
    }
}

#[test]
fn the_name_is_removed_if_nothing_was_sent() {
    let scene = Scene::new();
    for api in APIS {
        for workload in ["throughput", "latency", "fan-in --clients 2"] {
            let line = format!("{workload} --at ./s --api {api}");
            let bench = scene.bench(line.split(' ')).start();
            let clients = if workload.starts_with("fan-in") { 2 } else { 1 };
            for _ in 0..clients {
                assert!(scene.wire("./s").exchange(b"").is_empty());
            }
            let outcome = bench.end().fails(1).says(NOTHING).output("");
            assert_eq!(scene.files(), [""; 0], "{}", outcome.report());
        }
    }
}

/// A client that closes at once counts as one of the clients; the bytes of both are added.
#[test]
fn a_client_that_closes_at_once_and_one_that_sends() {
    let scene = Scene::new();
    for api in APIS {
        for name in ["./s", &format!("@{}", scene.word()), "tcp:127.0.0.1:0"] {
            let line = format!("throughput -v --size 1 --at {name} --clients 2 --api {api}");
            let mut bench = scene.bench(line.split(' ')).start_listening();
            let name = bench.listen_name();
            assert!(scene.wire(&name).exchange(b"").is_empty());
            assert!(bench.is_running(), "it has not waited for the other one");
            assert!(scene.wire(&name).exchange(&data(1_000_000)).is_empty());
            let report = bench.end().measured();
            assert_eq!(report.bytes(), [1_000_000], "{}", report.evidence);
            assert_eq!(scene.files(), [""; 0]);
        }
    }
}
