//! A limit that is reached while nobody reads stdout, or the peer does not read.

use crate::harness::{Data, Scene, assert_bytes, data, wait_until};
use rustix::io::ioctl_fionread;
use std::{
    fs::{self, File},
    io::{Read, Seek, Write},
    thread,
};

/// Reads the rest of an output, which has to be the beginning of the test data. Returns its
/// length.
#[track_caller]
fn length_of_prefix(output: impl Read) -> usize {
    usize::try_from(Data::default().read_from(output)).unwrap()
}

#[test]
fn bytes_for_a_blocked_stdout_are_counted_when_a_time_limit_ends_connect() {
    const SIZE: usize = 1_000_000;
    for limit in [
        &["--idle-timeout", "2s"][..],
        &["--linger", "1m", "--idle-timeout", "2s"],
        &["--max-time", "2s"],
    ] {
        let scene = Scene::new();
        let (host, _) = scene.host("./s");
        let client = scene.connect("./s").args(["--copy", "buffer"]).args(limit);
        let mut client = client.open_input().unread_output().start();
        let mut wire = host.accept();
        let output = client.take_output();
        let writes = thread::spawn(move || {
            let bytes = data(SIZE);
            let mut sent = 0;
            while let Ok(written @ 1..) = wire.write(&bytes[sent..]) {
                sent += written;
            }
            sent
        });
        let outcome = client.end().fails(5).says("could not be delivered to the output");
        let (lost, delivered) = outcome.losses();
        assert_eq!(delivered, length_of_prefix(output), "{}", outcome.report());
        let sent = writes.join().unwrap();
        assert!((1..=sent - delivered).contains(&lost), "{lost} of {sent}, {delivered} delivered");
    }
}

#[test]
fn bytes_for_a_blocked_stdout_are_counted_when_the_grace_time_ends_listen() {
    const SIZE: usize = 1_000_000;
    for keep_open in [&[][..], &["-k"]] {
        let scene = Scene::new();
        // With a limit the count of bytes that a blocked output has taken is exact.
        let args = ["--copy", "buffer", "--idle-timeout", "1m", "--grace", "200ms"];
        let server = scene.listen("./s").args(args).args(keep_open).open_input().unread_output();
        let mut server = server.start_listening();
        let output = server.take_output();
        let mut client = scene.wire("./s");
        let writes = thread::spawn(move || client.write_all(&data(SIZE)).is_err());
        wait_until("the pipe is full", || ioctl_fionread(&output).unwrap() >= 60_000);
        let outcome = server.terminate().says("be delivered to the output: ");
        let (lost, delivered) = outcome.losses();
        assert_eq!(delivered, length_of_prefix(output), "{}", outcome.report());
        assert!((1..SIZE - delivered).contains(&lost), "{}", outcome.report());
        assert!(writes.join().unwrap());
    }
}

#[test]
fn bytes_for_a_blocked_peer_are_counted_when_the_idle_timeout_ends_connect() {
    let scene = Scene::new();
    fs::write(scene.path("in"), data(5_000_000)).unwrap();
    let (host, _) = scene.host("./s");
    let mut input = File::open(scene.path("in")).unwrap();
    let args = ["--copy", "buffer", "--idle-timeout", "2s"];
    let client = scene.connect("./s").args(args).stdin(input.try_clone().unwrap()).start();
    let mut wire = host.accept();
    let outcome = client.end().fails(5).says("could not be delivered to the peer");
    let (lost, delivered) = outcome.losses();
    assert_bytes(&wire.rest(), &data(delivered), || outcome.report());
    let read = usize::try_from(input.stream_position().unwrap()).unwrap();
    assert_eq!(lost + delivered, read, "{}", outcome.report());
}
