//! Without `--pass-fds`, and in other commands, descriptors are closed with one warning.

use super::{
    connect_through, expect_closed, marked, send, send_write_end, send_write_end_if_possible,
    start_relay,
};
use crate::harness::{Scene, data, has};
use std::thread;

const SIZE: usize = 3_000_000;

#[test]
fn a_relay_without_pass_fds_closes_descriptors_and_warns_once_for_each_direction() {
    let scene = Scene::new();
    for args in [&[][..], &["--copy", "buffer"]] {
        let (relay, client, target) = start_relay(&scene, args);
        for (mut from, mut to) in
            [(client.another(), target.another()), (target.another(), client.another())]
        {
            for _ in 0..3 {
                let reader = send_write_end(&mut from, b"with a descriptor");
                to.expect("with a descriptor");
                expect_closed(reader);
            }
        }
        client.end();
        target.end();
        relay.wait_for_message("connection 1: 51 bytes to the target, 51 bytes back in ");
        let log = relay.log();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains("warning: ")).collect();
        assert_eq!(warnings.len(), 2, "{log}");
        for warning in warnings {
            assert!(warning.contains("connection 1: ") && warning.contains("--pass-fds"), "{log}");
        }
    }
}

/// Spliced bytes would lose their descriptors without a trace.
#[test]
fn a_relay_warns_of_a_descriptor_in_the_middle_or_at_the_end_of_much_data() {
    let scene = Scene::new();
    let cases = [
        (&[][..], false),
        (&[], true),
        (&["--copy", "splice"], false),
        (&["--copy", "splice"], true),
    ];
    for refuses_none in [false, true].into_iter().filter(|none| !none || has("strace")) {
        for (args, is_last) in cases {
            let (relay, mut client, mut target) = connect_through(&scene, args, refuses_none);
            let writes = thread::spawn(move || {
                client.send(data(SIZE));
                let sent = send_write_end_if_possible(&mut client, b"m");
                if !is_last {
                    client.send(data(SIZE));
                }
                client.end();
                client.rest();
                sent
            });
            let after = if is_last { Vec::new() } else { data(SIZE) };
            target.expect_rest([&data(SIZE), &b"m"[..], &after].concat());
            target.end();
            let (reader, is_sent) = writes.join().unwrap();
            expect_closed(reader);
            if is_sent {
                relay.wait_for_message("warning: connection 1: a descriptor");
                relay.wait_for_message("--pass-fds");
            }
            assert!(is_sent || !refuses_none, "it was refused");
        }
    }
}

/// On Linux 6.16. Nothing has to be looked for then.
#[test]
fn while_much_data_moves_descriptors_are_refused() {
    let scene = Scene::new();
    if !refuses_descriptors() {
        return;
    }
    let (relay, mut client, mut target) = start_relay(&scene, &[]);
    let mut reader = target.another();
    let reads = thread::spawn(move || reader.rest());
    loop {
        client.send(data(SIZE));
        let (reader, is_sent) = send_write_end_if_possible(&mut client, b"m");
        expect_closed(reader);
        if !is_sent {
            break;
        }
    }
    client.end();
    reads.join().unwrap();
    target.send("answer");
    client.expect("answer");
    drop(relay);
}

/// Returns whether this system refuses descriptors for a socket on request.
fn refuses_descriptors() -> bool {
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    lsock_startup::refuse_descriptors(std::os::fd::AsFd::as_fd(&socket)).is_ok()
}

#[test]
fn listen_and_connect_close_descriptors_and_name_the_command_that_passes_them() {
    const CLOSED: &str = "a descriptor that came along with data was closed; \
                          only `lsock relay --pass-fds` passes descriptors on";
    let cases: [(&[&str], &[&[&str]]); 4] = [
        (&["listen", "-v", "./s"], &[&[], &["--copy", "buffer"], &["--copy", "splice"]]),
        (&["listen", "-v", "./s", "-k"], &[&[], &["--copy", "buffer"]]),
        (&["listen", "-v", "./s", "-k", "--merge"], &[&[]]),
        (&["connect", "./s"], &[&[], &["--copy", "buffer"], &["--copy", "splice"]]),
    ];
    let cases = cases.iter().flat_map(|(args, modes)| modes.iter().map(move |mode| (*args, *mode)));
    for (args, mode) in cases {
        let scene = Scene::new();
        let host = (args[0] == "connect").then(|| scene.host("./s").0);
        let process = scene.lsock(args).args(mode).open_input().start();
        let mut wire = host.map_or_else(|| scene.wire("./s"), |host| host.accept());
        for count in 1..=3 {
            let reader = send_write_end(&mut wire, b"with a descriptor\n");
            process.wait_for_output("with a descriptor\n".repeat(count));
            expect_closed(reader);
        }
        let connection = if args.contains(&"-k") { "connection 1: " } else { "" };
        process.wait_for_message(&format!("warning: {connection}{CLOSED}"));
        assert_eq!(process.log().matches("warning").count(), 1);
    }
}

#[test]
fn connect_warns_of_a_descriptor_in_the_middle_of_much_data() {
    let commands: [&[&str]; 3] =
        [&[], &["--copy", "splice", "--recv-only"], &["--idle-timeout", "1m", "--", "cat"]];
    for args in commands {
        let scene = Scene::new();
        let (host, _) = scene.host("./s");
        let client = scene.connect("./s").args(args).start();
        let mut wire = host.accept();
        let is_command = args.contains(&"cat");
        let echo = is_command.then(|| {
            let mut another = wire.another();
            thread::spawn(move || another.rest())
        });
        wire.send(data(SIZE));
        let (reader, is_sent) = send_write_end_if_possible(&mut wire, b"m");
        wire.send(data(SIZE));
        wire.end();
        // The connection of a command has a number.
        let connection = if echo.is_some() { "connection 1: " } else { "" };
        let warning = format!("warning: {connection}a descriptor");
        let mut outcome = client.end().ok();
        if is_sent {
            outcome = outcome.says(&warning).says("only `lsock relay --pass-fds` passes");
        }
        match echo {
            Some(_) => outcome.output(""),
            None => outcome.output([&data(SIZE), &b"m"[..], &data(SIZE)].concat()),
        };
        expect_closed(reader);
    }
}

#[test]
fn the_advice_fits_a_relay_that_cannot_pass_descriptors() {
    let scene = Scene::new();
    let (host, target) = scene.host("tcp:127.0.0.1:0");
    let relay = scene.relay("./s", &target).start_listening();
    let mut client = scene.wire("./s");
    send(&mut client, b"x", &[marked("word")]);
    host.accept().expect("x");
    relay.wait_for_message("was closed; --pass-fds takes local sockets on both sides");
}
