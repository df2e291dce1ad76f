//! Limits of the system: open files and lengths of names.

use crate::harness::{Cmd, Scene};
use std::{fs, thread};

/// Runs with a limit of open files.
fn limited(scene: &Scene, files: usize, line: &str) -> Cmd {
    let script = format!(r#"ulimit -n {files}; exec "$0" bench --json - "$@""#);
    let shell = scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
    shell.args(line.split_whitespace()).env("TMPDIR", scene.folder())
}

#[test]
fn more_clients_than_open_files() {
    let scene = Scene::new();
    for server in ["", "--in-process", "--over file", "--to ./absent", "--at ./s"] {
        for api in ["sync", "tokio"] {
            let clients = if server.starts_with("--at") { "300" } else { "2,300" };
            let line = format!("fan-in --clients {clients} --api {api} {server}");
            let outcome = limited(&scene, 100, &line).run().fails(2).output("");
            outcome.says("--clients 300 is more than ").says("ulimit -n");
            assert_eq!(scene.files(), [""; 0]);
        }
    }
}

/// A leak of one descriptor per run would exceed the limit.
#[test]
fn every_run_closes_its_descriptors() {
    let scene = Scene::new();
    // The number of descriptors of event loops depends on the CPUs.
    let files = 84 + 8 * thread::available_parallelism().map_or(1, usize::from);
    for server in ["--in-process", ""] {
        for api in ["sync", "tokio"] {
            for workload in ["connect", "throughput --size 64"] {
                let line = format!("{workload} --api {api} --count 2 --warmup 1ms {server}");
                let line = format!("{line} --repeat {files}");
                limited(&scene, files, &line).run().measured().of_messages(files, |_| 2);
            }
        }
    }
}

/// Names of socket files have about a hundred bytes.
#[test]
fn a_long_path_of_the_temporary_folder() {
    let scene = Scene::new();
    let long = scene.path(&"x".repeat(90));
    fs::create_dir(&long).unwrap();
    for server in ["", "--in-process"] {
        for api in ["sync", "tokio"] {
            let line = format!("latency --over abstract,file --api {api} --count 5 {server}");
            let bench = scene.bench(line.split_whitespace()).env("TMPDIR", &long);
            let outcome = bench
                .run()
                .fails(1)
                .says("cannot create socket files")
                .says("hint: TMPDIR")
                .output("");
            assert_eq!(fs::read_dir(&long).unwrap().count(), 0, "{}", outcome.report());
        }
    }
    // Other transports need no files.
    let line = "latency --over abstract,tcp --count 5 --warmup 1ms --repeat 1";
    scene.bench(line.split(' ')).env("TMPDIR", &long).run().measured();
}

#[test]
fn no_folder_for_temporary_files() {
    let scene = Scene::new();
    let line = "latency --over file --count 5";
    let bench = scene.bench(line.split(' ')).env("TMPDIR", scene.path("absent"));
    bench.run().fails(1).says("cannot create a folder for socket files").output("");
    assert_eq!(scene.files(), [""; 0]);
}
