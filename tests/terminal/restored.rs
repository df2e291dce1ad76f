//! The terminal has its settings from before on every way out of raw mode.

use super::{Joins, Session};
use crate::harness::{Pty, Scene, has, signal, wait_until};
use rustix::process::Signal;
use std::{fs, io::Write as _};

/// How lsock ends.
enum End {
    Status(i32),
    Died(Signal),
}

/// A way out of raw mode: its arguments after `--raw`, what happens, and how lsock ends.
type WayOut = (&'static str, &'static [&'static str], fn(&mut Session), End);

const BOTH: [WayOut; 13] = [
    ("the key that leaves", &[], |session| session.pty.type_keys(b"ab\x1d"), End::Status(0)),
    ("another key", &["--eof=wait"], |session| session.pty.type_keys(b"\x1d"), End::Status(0)),
    ("the peer closes", &[], |session| drop(session.served()), End::Status(0)),
    (
        "the peer ends its direction",
        &["--eof=close"],
        |session| session.server().end(),
        End::Status(0),
    ),
    (
        "SIGINT",
        &["--grace=0s"],
        |session| signal(&session.lsock, Signal::INT),
        End::Died(Signal::INT),
    ),
    (
        "SIGTERM",
        &["--grace=0s"],
        |session| signal(&session.lsock, Signal::TERM),
        End::Died(Signal::TERM),
    ),
    (
        "SIGHUP",
        &["--grace=0s"],
        |session| signal(&session.lsock, Signal::HUP),
        End::Died(Signal::HUP),
    ),
    (
        "SIGQUIT",
        &["--grace=0s"],
        |session| signal(&session.lsock, Signal::QUIT),
        End::Died(Signal::QUIT),
    ),
    ("nothing moves", &["--idle-timeout=300ms"], |_| {}, End::Status(4)),
    ("what was sent is not read", &[], Session::close_unread, End::Status(5)),
    ("the connection is never used", &[], |session| drop(session.server.take()), End::Status(1)),
    (
        "a stop",
        &[],
        |session| {
            session.stop_and_continue(Signal::TSTP);
            session.pty.type_keys(b"\x1d");
        },
        End::Status(0),
    ),
    (
        "a stop that cannot be handled",
        &[],
        |session| {
            session.stop_and_continue(Signal::STOP);
            session.pty.type_keys(b"\x1d");
        },
        End::Status(0),
    ),
];

/// Ways out of a relay, which has a grace time.
const RELAY: [WayOut; 2] = [
    (
        "the end of the grace time",
        &["--grace=200ms"],
        |session| signal(&session.lsock, Signal::TERM),
        End::Died(Signal::TERM),
    ),
    (
        "a second signal",
        &["--grace=10m"],
        |session| {
            signal(&session.lsock, Signal::TERM);
            session.lsock.wait_for_message("a second signal ends it at once");
            assert!(session.pty.is_raw(), "the session goes on in the grace time");
            signal(&session.lsock, Signal::INT);
        },
        End::Died(Signal::INT),
    ),
];

impl Session {
    /// Exchanges bytes with the server and returns it.
    fn served(&mut self) -> crate::harness::Wire {
        let mut server = self.server.take().unwrap();
        self.pty.type_keys("x");
        server.expect("x");
        server.send("y");
        self.pty.wait_for_screen("y");
        server
    }

    /// Closes the server's end while there is something to read.
    fn close_unread(&mut self) {
        self.pty.type_keys("x");
        let server = self.server.take().unwrap();
        server.wait_for_data();
    }

    fn stop_and_continue(&mut self, stop: Signal) {
        signal(&self.lsock, stop);
        let stat = format!("/proc/{}/stat", self.lsock.pid());
        let state = || fs::read_to_string(&stat).unwrap().rsplit(") ").next().unwrap().to_owned();
        wait_until("it is stopped", || state().starts_with('T'));
        if stop == Signal::TSTP {
            assert_eq!(self.pty.settings(&self.scene), self.settings, "while it is stopped");
        }
        signal(&self.lsock, Signal::CONT);
        self.pty.wait_for_raw_mode(true);
        let mut server = self.server.take().unwrap();
        self.pty.type_keys(b"\x03");
        server.expect(b"\x03");
        self.server = Some(server);
    }
}

#[track_caller]
fn check(joins: Joins, (name, args, act, end): WayOut) {
    // `connect` waits for nobody after a signal.
    let args = args.iter().filter(|arg| joins == Joins::Relay || !arg.starts_with("--grace"));
    let args: Vec<_> = ["--raw"].iter().chain(args).copied().collect();
    let mut session = Session::start(joins, &args);
    act(&mut session);
    let outcome = session.lsock.end();
    match end {
        End::Status(status) => outcome.code(status),
        End::Died(signal) => outcome.died_of(signal),
    };
    let settings = session.pty.settings(&session.scene);
    assert_eq!(settings, session.settings, "{joins:?}: {name}");
    drop(session.host);
}

#[test]
fn settings_are_the_same_after_every_way_out() {
    for joins in Joins::BOTH {
        BOTH.into_iter().for_each(|way| check(joins, way));
    }
    RELAY.into_iter().for_each(|way| check(Joins::Relay, way));
}

#[test]
fn settings_are_the_same_after_the_output_has_failed() {
    for (joins, full) in [(Joins::Connect, true), (Joins::Relay, true), (Joins::Connect, false)] {
        let scene = Scene::new();
        let pty = Pty::open();
        let settings = pty.settings(&scene);
        let (host, _) = scene.host("./s");
        let (reader, writer) = std::io::pipe().unwrap();
        let output = match full {
            true => fs::File::options().write(true).open("/dev/full").unwrap(),
            false => std::os::fd::OwnedFd::from(writer).into(),
        };
        let lsock = scene.lsock(joins.command()).arg("--raw").at_with_output(&pty, output).start();
        let mut server = host.accept();
        pty.wait_for_raw_mode(true);
        drop(reader);
        // Fails if it has noticed that the reader has gone.
        let _ = server.write_all(b"x");
        lsock.end().code(if full { 5 } else { 0 });
        assert_eq!(pty.settings(&scene), settings);
    }
}

/// Without a connection there is no raw mode.
#[test]
fn settings_are_not_changed_before_there_is_a_connection() {
    for joins in Joins::BOTH {
        for (args, status) in [(&["--raw"][..], 3), (&["--raw", "--wait=300ms"], 4)] {
            let scene = Scene::new();
            let pty = Pty::open();
            let settings = pty.settings(&scene);
            let lsock = scene.lsock(joins.command()).args(args).at(&pty).start();
            lsock.end().fails(status);
            assert_eq!(pty.settings(&scene), settings);
        }
    }
}

#[test]
fn a_terminal_that_hangs_up_ends_the_session() {
    if !has("tmux") {
        return;
    }
    for joins in Joins::BOTH {
        let scene = Scene::new();
        let (host, _) = scene.host("./s");
        let tmux = || scene.command("tmux").args(["-S", "./tmux", "-f", "/dev/null"]);
        let lsock = env!("CARGO_BIN_EXE_lsock");
        let line = format!("exec {lsock} {} --raw", joins.command().join(" "));
        tmux().args(["new-session", "-d", &line]).run().ok();
        let mut server = host.accept();
        server.send("x");
        let shown =
            || tmux().args(["capture-pane", "-p"]).run().stdout_text().contains("leaves\nx");
        wait_until("there is raw mode", shown);
        tmux().arg("kill-server").run().ok();
        server.expect_rest("");
    }
}
