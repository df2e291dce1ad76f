//! Buffers that are larger than the memory that a process may have.

use crate::harness::{Cmd, Scene, signal};
use rustix::process::Signal;

const NO_BUFFER: &str = "cannot get a buffer of 1 GiB: out of memory";

impl Scene {
    /// Runs lsock with less than 1 GiB of address space.
    fn with_little_memory(&self, args: &[&str]) -> Cmd {
        let script = r#"ulimit -v 1000000; exec "$0" "$@""#;
        self.shell(script).args(args)
    }
}

#[test]
fn a_buffer_that_cannot_be_had_ends_one_connection() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    for args in [
        &["relay", "./s", &target][..],
        &["relay", "tcp:127.0.0.1:0", &target],
        &["listen", "-k", "./s"],
        &["listen", "-k", "./s", "--", "cat"],
    ] {
        let options = ["-v", "--buffer", "1G", "--copy", "buffer"];
        let args: Vec<&str> = args[..1].iter().chain(&options).chain(&args[1..]).copied().collect();
        let server = scene.with_little_memory(&args).start_listening();
        for number in 1..=3 {
            let mut client = scene.wire(server.place().trim_start_matches("./"));
            // It may be gone before anything is sent.
            let _ = std::io::Write::write_all(&mut client.another(), b"hello");
            assert_eq!(client.rest_whatever_happens(), b"");
            server.wait_for_message(&format!("connection {number}: cannot read"));
        }
        server.wait_for_message(NO_BUFFER);
        server.terminate();
    }
}

#[test]
fn a_buffer_that_cannot_be_had_is_an_error_of_the_only_connection() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let options = ["--buffer", "1G", "--copy", "buffer"];
    let connect = [&["connect", &target][..], &options].concat();
    scene.with_little_memory(&connect).input("hello").run().fails(1).says(NO_BUFFER);
    let once = [&["relay", "--once", "./s", &target][..], &options].concat();
    let relay = scene.with_little_memory(&once).start();
    scene.wire("s").rest_whatever_happens();
    relay.end().fails(1).says(NO_BUFFER);
    let listen = [&["listen", "./l"][..], &options].concat();
    let listener = scene.with_little_memory(&listen).start();
    scene.wire("l").rest_whatever_happens();
    listener.end().fails(1).says(NO_BUFFER);
}

#[test]
fn messages_that_cannot_be_had_end_a_measurement() {
    let scene = Scene::new();
    for args in [
        &["latency", "--in-process"][..],
        &["throughput"],
        &["connect", "--api", "tokio", "--in-process"],
        &["latency", "--rate", "10", "--in-process"],
    ] {
        let args = [&["bench"], args, &["--size", "1G", "--count", "1", "--repeat", "1"]].concat();
        let outcome = scene.with_little_memory(&args).run().code(1);
        assert!(outcome.stderr.contains("out of memory"), "{outcome:?}");
    }
}
