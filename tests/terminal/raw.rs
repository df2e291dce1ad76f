//! Raw mode: what is sent and shown, and the key that leaves.

use super::{Joins, Session};
use crate::harness::{Pty, Scene, has};
use std::io::Write as _;

#[test]
fn every_key_is_sent_and_the_key_that_leaves_is_not() {
    for joins in Joins::BOTH {
        let mut session = Session::start(joins, &["--raw"]);
        session.lsock.wait_for_message("lsock: connected to ./s; ^] leaves\n");
        // Ctrl+C, Ctrl+D, Ctrl+Z, Ctrl+\, Ctrl+S, Ctrl+V and Enter.
        session.pty.type_keys(b"\x03\x04\x1a\x1c\x13\x16\r");
        session.server().expect(b"\x03\x04\x1a\x1c\x13\x16\r");
        let others: Vec<u8> = (0..=255).filter(|byte| *byte != 0x1d).collect();
        session.pty.type_keys(&others);
        session.server().expect(&others);
        session.pty.type_keys(b"before\x1dafter");
        session.server().expect_rest("before");
        session.lsock.end().ok().says("lsock: left the connection\n");
        assert_eq!(session.pty.shown(), "", "keys are not shown");
    }
}

#[test]
fn received_bytes_are_shown_unchanged() {
    for joins in Joins::BOTH {
        let mut session = Session::start(joins, &["--raw", "-q"]);
        session.server().send(b"one\ntwo\r\n\x1b[1m\x04\x1d");
        session.pty.wait_for_screen("one\ntwo\r\n\u{1b}[1m\u{4}\u{1d}");
        session.pty.type_keys(b"\x1d");
        session.lsock.end().silent();
    }
}

#[test]
fn the_key_can_be_another_one_or_none() {
    for joins in Joins::BOTH {
        let mut session = Session::start(joins, &["--raw=^x"]);
        session.lsock.wait_for_message("connected to ./s; ^X leaves\n");
        session.pty.type_keys(b"\x1d\x18");
        session.server().expect_rest("\x1d");
        session.lsock.end().ok();
        let mut session = Session::start(joins, &["--raw=none"]);
        session.lsock.wait_for_message("connected to ./s; no key leaves\n");
        session.pty.type_keys(b"\x1d\x18");
        session.server().expect("\x1d\x18");
        session.server = None;
        session.lsock.end().ok();
    }
}

/// The peer may be what hangs, and ^C is a key like others.
#[test]
fn a_person_can_leave_a_peer_that_does_not_read() {
    let session = Session::start(Joins::Connect, &["--raw"]);
    // More than a socket and a pipe take.
    let typed = [b'x'; 4000];
    for _ in 0..150 {
        session.pty.type_keys(typed);
    }
    session.pty.type_keys(b"\x1d");
    let outcome = session.lsock.end().code(5);
    outcome
        .says("not everything could be delivered to the peer: the connection was ended by the key");
}

/// What is not shown any more is no loss.
#[test]
fn a_person_can_leave_a_peer_that_does_not_stop_sending() {
    for joins in Joins::BOTH {
        let mut session = Session::start(joins, &["--raw"]);
        let mut server = session.server.take().unwrap();
        let sends = std::thread::spawn(move || while server.write_all(&[b'y'; 8192]).is_ok() {});
        session.pty.wait_for_screen("yyyy");
        session.pty.type_keys(b"\x1d");
        session.lsock.end().ok();
        sends.join().unwrap();
    }
}

#[test]
fn raw_mode_needs_a_terminal_and_a_socket() {
    let scene = Scene::new();
    let cases: &[(&[&str], &str)] = &[
        (&["connect", "./s", "--raw"], "--raw takes a terminal as standard input"),
        (&["relay", "-", "./s", "--raw"], "--raw takes a terminal as standard input"),
        (&["relay", "./l", "./s", "--raw"], "--raw goes with - as LISTEN"),
        (&["relay", "./l", "-", "--raw"], "--raw goes with - as LISTEN"),
        (&["connect", "./s", "--raw", "--", "cat"], "not to a command"),
        (&["relay", "-", "exec:cat", "--raw"], "--raw with a command takes --pty"),
        (&["connect", "./s", "--raw", "--recv-only"], "--recv-only sends nothing"),
        (&["connect", "./s", "--raw", "--progress=always"], "--progress draws a line"),
        (&["connect", "./s", "--raw=x"], "such as ^], or none"),
        (&["connect", "./s", "--raw="], "such as ^], or none"),
        (&["connect", "--raw", "^x", "./s"], "has to follow `=`"),
        (&["connect", "./s", "--raw", "--pass-connection"], "--raw"),
        (&["listen", "./s", "--raw"], "--raw"),
    ];
    for (args, text) in cases {
        scene.lsock(*args).run().fails(2).says(text).output("");
        scene.expect_empty();
    }
    let plan = scene.lsock(["connect", "./s", "--raw", "--explain"]).run().silent();
    plan.prints("terminal     raw mode, ^] leaves\n");
    let plan = scene.lsock(["relay", "-", "./s", "--raw=none", "--explain"]).run().silent();
    plan.prints("terminal     raw mode, no key leaves\n");
}

/// tmux is a terminal that people use.
#[test]
fn raw_mode_in_tmux() {
    if !has("tmux") {
        return;
    }
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    let tmux =
        |args: &[&str]| scene.command("tmux").args(["-S", "./tmux", "-f", "/dev/null"]).args(args);
    let line = format!(
        "stty -a > before; {} connect --raw ./s; echo $? > status; stty -a > after",
        env!("CARGO_BIN_EXE_lsock")
    );
    tmux(&["new-session", "-d", "-x", "80", "-y", "24", &line]).run().ok();
    let mut server = host.accept();
    server.send("login: ");
    let screen = || tmux(&["capture-pane", "-p"]).run().stdout_text().to_owned();
    crate::harness::wait_until("the prompt is shown", || screen().contains("\nlogin:"));
    assert!(screen().contains("lsock: connected to ./s; ^] leaves\nlogin:"), "{}", screen());
    tmux(&["send-keys", "C-c", "C-d", "C-z", "a", "Enter"]).run().ok();
    server.expect("\x03\x04\x1aa\r");
    tmux(&["send-keys", "C-]"]).run().ok();
    server.expect_rest("");
    crate::harness::wait_for_file(&scene.path("after"));
    crate::harness::wait_until("tmux has ended", || !tmux(&["has-session"]).run().status.success());
    let read = |name| std::fs::read_to_string(scene.path(name)).unwrap();
    assert_eq!(read("status"), "0\n");
    assert_eq!(read("after"), read("before"));
}

/// Messages of other threads do not stand in steps.
#[test]
fn lines_on_a_raw_terminal_begin_at_its_left() {
    let scene = Scene::new();
    let pty = Pty::open();
    let (host, _) = scene.host("./s");
    let script = r#"exec "$0" connect ./s --raw --trace --color never 2>&0"#;
    let lsock = scene.shell(script).at(&pty).start();
    let mut server = host.accept();
    pty.wait_for_raw_mode(true);
    server.send("x");
    pty.wait_for_screen("\r\n  x\r\nx");
    assert!(!pty.shown().replace("\r\n", "").contains('\n'), "{:?}", pty.shown());
    pty.type_keys(b"\x1d");
    lsock.end().ok();
    pty.wait_for_screen("\r\nlsock: left the connection\r\n");
}
