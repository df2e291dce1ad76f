//! Outputs that fail or are closed early, and inputs that cannot be read.

use crate::harness::{Scene, within_the_deadline};
use std::{
    fs::File,
    io::{Read, Write},
    thread,
};

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_status_5() {
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"], &["-k"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let server = scene.listen("./s").args(args).open_input().stdout(full).start_listening();
        // It can notice the end before it has sent everything.
        let _client = scene.connect("./s").input(crate::harness::data(100_000)).start();
        let outcome = server.end().code(5).says("no space left").says("to the output");
        outcome.says("not be delivered");
        scene.expect_empty();
    }
}

/// As `lsock ... | head -c 1`.
#[test]
fn an_output_that_is_closed_early_is_no_failure() {
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"], &["-k"], &["--linger", "1m"]] {
        let server = scene.listen("./s").args(args).open_input().unread_output();
        let mut server = server.start_listening();
        let mut client = scene.wire("./s");
        let writer = thread::spawn(move || while client.write_all(&[7; 10_000]).is_ok() {});
        server.take_output().read_exact(&mut [0]).unwrap();
        server.end().ok().does_not_say("deliver");
        assert!(within_the_deadline(|| writer.join().unwrap()).is_some(), "the client is stuck");
        scene.expect_empty();
    }
}

#[test]
fn a_pipe_to_head_ends_connect_silently() {
    let scene = Scene::new();
    let _server = scene.listen("./s").args(["-k", "--", "yes"]).start_listening();
    let script = r#"{ "$0" connect ./s; echo status $? >&2; } | head -n 2"#;
    let outcome = scene.shell(script).open_input().run().ok().output("y\ny\n");
    assert_eq!(outcome.stderr, "status 0\n");
}

#[test]
fn an_input_that_cannot_be_read_is_status_1() {
    let scene = Scene::new();
    let server = scene.listen("./s").start_listening();
    let folder = File::open(scene.folder()).unwrap();
    scene.connect("./s").stdin(folder).run().fails(1).says("input").says("directory");
    server.end().ok();
}
