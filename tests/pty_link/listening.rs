//! Terminals as LISTEN: their programs are the clients.

use super::{MANY, expect_unchanged};
use crate::harness::{
    Cmd, Host, NOBODY, Running, Scene, data, is_root, processor_time, signal, wait_until,
};
use rustix::{
    process::Signal,
    termios::{LocalModes, OptionalActions, ioctl_tiocexcl, tcgetattr, tcsetattr},
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    thread,
    time::Duration,
};

/// A relay from the terminal at `./tty` to a server of the test.
fn relayed() -> (Scene, Running, Host) {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let relay = scene.relay("pty:./tty", "./s").start_listening();
    (scene, relay, host)
}

fn at_terminal(scene: &Scene, command: &[&str]) -> Cmd {
    scene.lsock(["relay", "-v", "pty:./tty"]).args(command)
}

#[test]
fn bytes_pass_unchanged_in_both_directions() {
    let (scene, relay, host) = relayed();
    let mut line = scene.line("tty");
    let server = host.accept();
    let writer = server.another();
    expect_unchanged(&mut line, server, writer);
    drop(line);
    relay.terminate().died_of(Signal::TERM);
}

#[test]
fn a_program_that_only_reads_is_a_client() {
    let (scene, _relay, host) = relayed();
    let mut line = scene.line("tty");
    host.accept().send("$GPGGA,1\r\n");
    line.expect("$GPGGA,1\r\n");
}

#[test]
fn one_program_after_another_is_served() {
    let (scene, relay, host) = relayed();
    for number in 1..=5 {
        let text = format!("program {number}\n");
        let mut line = scene.line("tty");
        line.send(&text);
        let mut server = host.accept();
        server.expect(&text);
        server.send("answer\n");
        line.expect("answer\n");
        // Another process that has the terminal open belongs to the same connection.
        let mut other = scene.line("tty");
        drop(line);
        other.send("more\n");
        server.expect("more\n");
        drop(other);
        server.expect_rest("");
    }
    let log = relay.terminate().died_of(Signal::TERM);
    log.says("in total: 5 connections, 75 bytes to targets, 35 bytes back");
    assert_eq!(scene.files(), ["s"]);
}

/// Several programs can become one connection, as no event separates them.
#[test]
fn what_programs_write_that_close_at_once_arrives_in_order() {
    let scene = Scene::new();
    let relay = scene.relay("pty:./tty", "-").open_input().start_listening();
    let script = "for number in $(seq 300); do echo $number >tty; done";
    scene.command("sh").args(["-c", script]).run().ok();
    let expected: String = (1..=300).map(|number| format!("{number}\n")).collect();
    relay.wait_for_output(&expected);
    relay.terminate().died_of(Signal::TERM).output(&expected);
}

#[test]
fn the_terminal_hangs_up_when_the_program_has_read_everything() {
    let (scene, _relay, host) = relayed();
    for length in [0, 1, 5000, 100_000, MANY] {
        let (mut line, bytes) = (scene.line("tty"), data(length));
        let mut server = host.accept();
        let sends = thread::spawn({
            let bytes = bytes.clone();
            move || server.send(&bytes)
        });
        if length > 0 {
            line.wait_for_data();
        }
        // More than the time of any pause in lsock.
        thread::sleep(Duration::from_millis(200));
        line.expect_rest(&bytes);
        sends.join().unwrap();
    }
}

#[test]
fn a_half_closed_server_hangs_up_too() {
    let (scene, _relay, host) = relayed();
    let mut line = scene.line("tty");
    let mut server = host.accept();
    server.send("last words");
    server.end();
    line.expect_rest("last words");
    server.expect_rest("");
}

#[test]
fn with_eof_wait_the_program_can_still_write() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let _relay = scene.relay("pty:./tty", "./s").args(["--eof", "wait"]).start_listening();
    let mut line = scene.line("tty");
    let mut server = host.accept();
    server.send("question");
    server.end();
    line.expect("question");
    line.send("answer");
    server.expect("answer");
    drop(line);
    server.expect_rest("");
}

/// The server has ended its direction from the start, and reads on.
#[test]
fn what_a_program_has_written_before_the_hang_up_is_delivered() {
    let (scene, relay, host) = relayed();
    let bytes = data(MANY);
    for _ in 0..10 {
        signal(&relay, Signal::STOP);
        let mut line = scene.line("tty");
        // As much as the terminal holds.
        let written = rustix::io::write(&line, &bytes).unwrap();
        signal(&relay, Signal::CONT);
        let mut server = host.accept();
        server.end();
        server.expect_rest(&bytes[..written]);
        line.expect_rest("");
    }
}

/// The program must not write in vain, although it has not read everything.
#[test]
fn the_terminal_hangs_up_on_a_program_that_writes_and_does_not_read() {
    let (scene, relay, host) = relayed();
    let line = scene.line("tty");
    let mut server = host.accept();
    server.send("not read");
    line.wait_for_data();
    drop(server);
    wait_until("the terminal hangs up", || {
        let write = rustix::io::write(&line, b"x");
        matches!(write, Err(rustix::io::Errno::IO))
    });
    drop(line);
    relay.terminate().died_of(Signal::TERM);
}

#[test]
fn a_program_can_open_the_link_again_after_a_hang_up() {
    let (scene, _relay, host) = relayed();
    for _ in 0..20 {
        let mut line = scene.line("tty");
        drop(host.accept());
        line.expect_rest("");
        // It has not closed the one before.
        let mut next = scene.line("tty");
        next.send("again");
        let mut server = host.accept();
        server.expect("again");
        drop((line, next));
        // Without this, the next program would be part of the same connection.
        server.expect_rest("");
    }
}

#[test]
fn what_a_program_has_not_read_is_lost_and_not_for_the_next_one() {
    let (scene, relay, host) = relayed();
    let line = scene.line("tty");
    let mut server = host.accept();
    server.send("for the first");
    line.wait_for_data();
    drop(line);
    relay.wait_for_message(
        "connection 1: not everything could be delivered to the client: the peer has closed",
    );
    let mut line = scene.line("tty");
    host.accept().send("for the second");
    line.expect("for the second");
}

#[test]
fn unread_bytes_are_no_loss_if_they_need_not_be_read() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let options = ["--once", "--ignore-unread"];
    let relay = scene.relay("pty:./tty", "./s").args(options).start_listening();
    let line = scene.line("tty");
    host.accept().send("for nobody");
    line.wait_for_data();
    drop(line);
    relay.end().ok();
}

#[test]
fn settings_of_one_program_are_not_those_of_the_next_one() {
    let (scene, _relay, host) = relayed();
    let line = scene.line("tty");
    assert!(line.is_raw());
    let mut settings = tcgetattr(&line).unwrap();
    settings.local_modes |= LocalModes::ICANON | LocalModes::ECHO;
    tcsetattr(&line, OptionalActions::Now, &settings).unwrap();
    let mut server = host.accept();
    server.send("half a line");
    drop(line);
    server.rest_whatever_happens();
    // The end of the first connection has been handled when the next one begins.
    wait_until("the terminal is raw", || scene.line("tty").is_raw());
}

#[test]
fn a_terminal_that_a_program_has_left_locked_is_replaced() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    fs::create_dir(scene.path("of-nobody")).unwrap();
    std::os::unix::fs::chown(scene.path("of-nobody"), Some(NOBODY), Some(NOBODY)).unwrap();
    let command = ["relay", "-v", "pty:./of-nobody/tty", "-"];
    let relay = scene.command(lsock).args(command).user(NOBODY).open_input().start_listening();
    let terminal = scene.terminal_of("of-nobody/tty");
    let mut line = scene.line("of-nobody/tty");
    ioctl_tiocexcl(&line).unwrap();
    line.send("one");
    relay.wait_for_output("one");
    drop(line);
    wait_until("there is another terminal", || scene.terminal_of("of-nobody/tty") != terminal);
    scene.line("of-nobody/tty").send("two");
    relay.wait_for_output("onetwo");
}

#[test]
fn the_terminal_is_private_or_has_the_given_mode_and_group() {
    let scene = Scene::new();
    let _relay = scene.relay("pty:./a", "-").start_listening();
    let mode = |link: &str| fs::metadata(scene.path(link)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("a"), 0o600);
    let group = fs::metadata(scene.folder()).unwrap().gid();
    let options = ["--mode", "660", "--group", &group.to_string()];
    let _shared = scene.relay("pty:./b", "-").args(options).start_listening();
    assert_eq!(mode("b"), 0o660);
    assert_eq!(fs::metadata(scene.path("b")).unwrap().gid(), group);
    // Also after a terminal was replaced.
    let (host, _) = scene.host("./s");
    let _relay = scene.relay("pty:./c", "./s").args(options).start_listening();
    let terminal = scene.terminal_of("c");
    let mut line = scene.line("c");
    drop(host.accept());
    line.expect_rest("");
    assert_ne!(scene.terminal_of("c"), terminal);
    assert_eq!(mode("c"), 0o660);
}

#[test]
fn once_serves_one_program() {
    let scene = Scene::new();
    let relay = scene.relay("pty:./tty", "-").arg("--once").open_input().start_listening();
    let mut line = scene.line("tty");
    line.send("text");
    relay.wait_for_output("text");
    // The link is removed as soon as the program has come.
    scene.wait_for_removal();
    drop(line);
    relay.end().ok().output("text");
}

/// The process must not end before the program has read what the command has written.
#[test]
fn the_output_of_a_command_is_whole_when_the_relay_ends() {
    let scene = Scene::new();
    let bytes = data(100_000);
    fs::write(scene.path("data"), &bytes).unwrap();
    let relay = at_terminal(&scene, &["--once", "--", "cat", "data"]).start_listening();
    let mut line = scene.line("tty");
    line.wait_for_data();
    thread::sleep(Duration::from_millis(200));
    line.expect_rest(&bytes);
    relay.end().ok();
}

#[test]
fn a_signal_removes_the_link_and_hangs_up_after_the_grace_time() {
    let (scene, relay, host) = relayed();
    let mut line = scene.line("tty");
    let mut server = host.accept();
    signal(&relay, Signal::TERM);
    wait_until("the link is removed", || scene.files() == ["s"]);
    // The open connection goes on.
    line.send("still there?");
    server.expect("still there?");
    signal(&relay, Signal::TERM);
    relay.end().died_of(Signal::TERM);
    line.expect_rest("");
}

#[test]
fn a_relay_without_programs_ends_when_it_is_idle() {
    let scene = Scene::new();
    let relay = scene.relay("pty:./tty", "-").args(["--exit-idle", "1s"]);
    let relay = relay.open_input().start_listening();
    scene.line("tty").send("text");
    relay.end().ok().output("text").says("nobody was connected for 1s");
    scene.expect_empty();
}

/// Event loops report a terminal that was closed as ready without end, also if it is open again.
#[test]
fn a_terminal_that_was_closed_and_opened_again_takes_no_processor_time() {
    let (scene, relay, host) = relayed();
    let mut line = scene.line("tty");
    let mut server = host.accept();
    // The relay sees both at the same moment, so that the connection stays.
    signal(&relay, Signal::STOP);
    drop(line);
    line = scene.line("tty");
    signal(&relay, Signal::CONT);
    line.send("again");
    server.expect("again");
    server.send("answer");
    line.expect("answer");
    let before = processor_time(&relay);
    thread::sleep(Duration::from_millis(500));
    let used = processor_time(&relay) - before;
    assert!(used < 10, "{used} hundredths of a second");
}

#[test]
fn a_terminal_that_nobody_has_opened_takes_no_processor_time() {
    let (scene, relay, _host) = relayed();
    drop(scene.line("tty"));
    let before = processor_time(&relay);
    thread::sleep(Duration::from_millis(500));
    let used = processor_time(&relay) - before;
    assert!(used < 5, "{used} hundredths of a second");
}

#[test]
fn standard_streams_can_be_the_target() {
    let scene = Scene::new();
    let relay = scene.relay("pty:./tty", "-").open_input();
    let mut relay = relay.start_listening();
    let mut line = scene.line("tty");
    line.send("question\n");
    relay.wait_for_output("question\n");
    relay.send("answer\n");
    line.expect("answer\n");
}
