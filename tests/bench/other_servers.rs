//! `--to`: servers of other programs.

use super::python;
use crate::harness::{Report, Running, Scene, becomes, has, wait_for_file};
use std::{
    io,
    os::unix::net::{UnixListener, UnixStream},
    thread,
};

const APIS: [&str; 2] = ["sync", "tokio"];

/// Lines for a server that echoes, with their numbers of messages. Rates are low, so that a
/// machine under load can keep them.
const ECHO: [(&str, u64); 6] = [
    ("latency --size 64 --count 200", 200),
    ("latency --size 64K --count 20 --clients 2", 20),
    ("latency --rate 20 --count 4", 4),
    ("connect --count 20", 20),
    ("throughput --expect echo --size 64K --bytes 1M", 16),
    ("fan-in --expect echo --clients 3 --count 300", 300),
];

const DISCARD: [(&str, u64); 4] = [
    ("throughput --size 1 --count 1000", 1000),
    ("throughput --size 64K --bytes 1M", 16),
    ("fan-in --clients 3 --count 300", 300),
    ("connect --expect discard --count 20", 20),
];

/// Measures with both APIs, with two runs each.
#[track_caller]
fn measure(scene: &Scene, name: &str, line: &str, messages: u64) {
    for api in APIS {
        let line = format!("{line} --to {name} --api {api} --repeat 2 --warmup 5ms");
        let report = scene.measure(&line).of_messages(2, |_| messages);
        // Clients that only connect send nothing.
        let is_silent = line.starts_with("connect --expect discard");
        if is_silent { assert_eq!(report.bytes(), [0, 0]) } else { check_size(report) }
    }
}

#[track_caller]
fn check_size(report: Report) {
    report.of_whole_messages();
}

/// Starts socat at `./s` and waits until it accepts connections.
#[track_caller]
fn socat(scene: &Scene, does: &[&str]) -> Running {
    let socat = scene.command("socat").args(does).start();
    wait_for_file(&scene.path("s"));
    let is_ready = becomes(|| UnixStream::connect(scene.path("s")).is_ok());
    if !is_ready {
        panic!("socat does not listen\n{}", socat.kill().report());
    }
    socat
}

/// Without a warm-up, clients send nothing while others are still started.
#[test]
fn no_client_sends_before_all_have_connected() {
    for (api, clients) in [("sync", 100), ("tokio", 10)] {
        let scene = Scene::new();
        let listener = UnixListener::bind(scene.path("s")).unwrap();
        let server = thread::spawn(move || {
            let accept = |_| listener.accept().unwrap().0;
            let streams: Vec<UnixStream> = (0..clients).map(accept).collect();
            let readers = streams.into_iter().map(|mut stream| {
                thread::spawn(move || io::copy(&mut stream, &mut io::sink()).unwrap())
            });
            let readers: Vec<_> = readers.collect();
            readers.into_iter().map(|reader| reader.join().unwrap()).sum::<u64>()
        });
        let line = format!("fan-in --size 8 --clients {clients} --count 300 --api {api}");
        let report = scene.measure(&format!("{line} --warmup 0s --repeat 1 --to ./s"));
        assert_eq!(server.join().unwrap(), 300 * 8, "{}", report.evidence);
    }
}

#[test]
fn socat_echoes() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let _server = socat(&scene, &["-t", "40", "UNIX-LISTEN:s,fork,backlog=50", "EXEC:cat"]);
    for (line, messages) in ECHO {
        measure(&scene, "./s", line, messages);
    }
}

#[test]
fn socat_discards() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let server = ["-u", "UNIX-LISTEN:s,fork,backlog=50", "OPEN:/dev/null,wronly"];
    let _server = socat(&scene, &server);
    for (line, messages) in DISCARD {
        measure(&scene, "./s", line, messages);
    }
}

/// The server takes one client, and writes its bytes to stdout.
#[test]
fn nc_takes_what_is_sent() {
    if !has("nc") {
        return;
    }
    for api in APIS {
        let scene = Scene::new();
        let server = scene.command("nc").args(["-l", "-U", "s"]).start();
        wait_for_file(&scene.path("s"));
        // The socket file exists before nc listens, and a test connection would be its only
        // client.
        let line =
            format!("throughput --size 4K --count 100 --warmup 0s --repeat 1 --to ./s --api {api}");
        let bench = || scene.bench(line.split_whitespace()).run();
        let mut outcome = bench();
        let is_measured = becomes(|| {
            let is_early = outcome.status.code() == Some(3);
            if is_early {
                outcome = bench();
            }
            !is_early
        });
        assert!(is_measured, "{}", outcome.report());
        let report = outcome.measured().of_whole_messages().of_messages(1, |_| 100);
        // The output includes the warm-up.
        let output = server.end().ok().stdout;
        let sent = report.bytes()[0];
        assert!(output.len() as u64 >= sent, "{} of {sent} bytes arrived", output.len());
    }
}

#[test]
fn python_echoes_and_discards() {
    if !has("python3") {
        return;
    }
    for (does, lines) in [("echo", &ECHO[..]), ("discard", &DISCARD)] {
        let scene = Scene::new();
        for name in ["./s", "tcp:127.0.0.1:0", &format!("@{}", scene.word())] {
            let server = python(&scene, &["serve", does, name]).start();
            server.stdout.wait_for(|bytes| bytes.ends_with(b"\n"));
            let ready = String::from_utf8(server.stdout.so_far()).unwrap();
            let Some(name) = ready.trim_end().strip_prefix("ready ") else {
                panic!("no server\n{}", server.kill().report());
            };
            for (line, messages) in lines {
                measure(&scene, name, line, *messages);
            }
        }
    }
}
