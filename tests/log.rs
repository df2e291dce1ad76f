//! Messages of servers: nobody waits for whoever reads them, and floods are a few lines.

use crate::harness::{Cmd, Scene, signal, wait_until};
use rustix::{
    fs::{CWD, FileType, Mode, OFlags, mknodat},
    process::Signal,
};
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    net::Shutdown,
    os::unix::{fs::OpenOptionsExt, net::UnixDatagram, net::UnixStream},
};

/// Servers of every kind, of which clients get back what they send but for the first two.
const SERVERS: [&[&str]; 5] = [
    &["listen", "-k", "./s"],
    &["listen", "-k", "--merge", "./s"],
    &["listen", "-k", "./s", "--", "cat"],
    &["relay", "./s", "exec:cat"],
    &["relay", "./s", "./t"],
];

impl Scene {
    /// A named pipe that is full, as nobody reads it.
    fn full_pipe(&self, name: &str) -> File {
        mknodat(CWD, self.path(name), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
        let mut open = OpenOptions::new();
        let mut pipe =
            open.read(true).write(true).custom_flags(flags).open(self.path(name)).unwrap();
        for size in [4096, 1] {
            while pipe.write(&vec![b'x'; size]).is_ok() {}
        }
        pipe
    }

    /// Runs lsock with one of its descriptors in that pipe.
    fn with_pipe(&self, fd: u32, pipe: &str, args: &[&str]) -> Cmd {
        let script = format!(r#"exec "$0" "$@" {fd}>{pipe}"#);
        self.shell(&script).args(args)
    }

    /// Has a client served.
    fn has_served(&self, echoes: bool) {
        let mut client = self.wire("./s");
        client.send("hello\n");
        client.end();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, if echoes { "hello\n" } else { "" });
    }

    fn all_are_served(&self, start: impl Fn(&[&str]) -> Cmd) {
        for (number, args) in SERVERS.into_iter().enumerate() {
            let server = start(args).start();
            for _ in 0..20 {
                self.has_served(number > 1);
            }
            server.terminate();
            assert!(!self.path("s").exists());
        }
    }
}

#[test]
fn a_stderr_that_nobody_reads_keeps_no_client_waiting() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./t");
    let _pipe = scene.full_pipe("pipe");
    scene.all_are_served(|args| scene.with_pipe(2, "pipe", &[args[0], "-vvv"]).args(&args[1..]));
    // Refused by a server that warns of each.
    let args = ["relay", "./s", "./absent"];
    let relay = scene.with_pipe(2, "pipe", &args).start();
    for _ in 0..1000 {
        let mut client = scene.wire("./s");
        assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
    }
    relay.terminate();
}

#[test]
fn a_stderr_that_nobody_reads_keeps_no_signal_waiting() {
    let scene = Scene::new();
    let _pipe = scene.full_pipe("pipe");
    for args in [
        &["listen", "-vvv", "./s", "--grace=0s"][..],
        &["listen", "-vvv", "./s", "--grace=0s", "--", "cat"],
    ] {
        let server = scene.with_pipe(2, "pipe", args).open_input().start();
        let _client = scene.wire("./s");
        server.terminate();
    }
    let (host, target) = scene.host("./t");
    let client = scene.with_pipe(2, "pipe", &["connect", "-vvv", &target]).open_input().start();
    let _wire = host.accept();
    client.terminate();
}

#[test]
fn what_there_was_no_room_for_is_counted() {
    let scene = Scene::new();
    let mut pipe = scene.full_pipe("pipe");
    let (_echo, _) = scene.echo("./t");
    let relay = scene.with_pipe(2, "pipe", &["relay", "-v", "./s", "./t"]).start();
    // Each takes about a hundred bytes of the log.
    for _ in 0..4000 {
        scene.has_served(true);
    }
    let mut text = Vec::new();
    let mut drain = || {
        let mut buffer = [0; 64 << 10];
        while let Ok(read) = pipe.read(&mut buffer) {
            text.extend_from_slice(&buffer[..read]);
        }
        let text = String::from_utf8_lossy(&text);
        text.contains(" messages were left out: stderr was not read\n")
    };
    wait_until("it says how many", &mut drain);
    relay.terminate();
}

#[test]
fn a_full_ready_fd_keeps_no_client_waiting() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./t");
    let mut pipe = scene.full_pipe("pipe");
    scene.all_are_served(|args| {
        scene.with_pipe(3, "pipe", &[args[0], "--ready-fd=3"]).args(&args[1..])
    });
    // It is told when there is room.
    let server = scene.with_pipe(3, "pipe", &["listen", "-k", "./s", "--ready-fd=3"]).start();
    scene.has_served(false);
    let mut told = || {
        let mut buffer = [0; 64 << 10];
        let read = pipe.read(&mut buffer).unwrap_or(0);
        buffer[..read].contains(&b'\n')
    };
    wait_until("it is told", &mut told);
    server.kill();
}

#[test]
fn a_full_notify_socket_keeps_no_client_waiting() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./t");
    let socket = UnixDatagram::bind(scene.path("notify")).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send_to(b"x", scene.path("notify")).is_ok() {}
    let notify = scene.path("notify");
    scene.all_are_served(|args| scene.lsock(args).env("NOTIFY_SOCKET", &notify));
    let server = scene.lsock(["listen", "-k", "./s"]).env("NOTIFY_SOCKET", &notify).start();
    scene.has_served(false);
    socket.set_read_timeout(Some(crate::harness::DEADLINE)).unwrap();
    let mut buffer = [0; 100];
    while socket.recv(&mut buffer).unwrap() == 1 {}
    assert_eq!(&buffer[..7], b"READY=1");
    server.kill();
}

/// Connects as often; each client is gone at once.
fn flood(scene: &Scene, count: usize) {
    for _ in 0..count {
        let mut client = scene.wire("./s");
        let _ = client.read(&mut [0]);
    }
}

#[test]
fn floods_are_a_few_lines() {
    const COUNT: usize = 1000;
    let scene = Scene::new();
    // Nobody is admitted but a user who is not there.
    let refuses = ["--mode", "666", "--allow", "uid:54321"];
    for (args, says) in [
        ([&["listen", "-k", "./s"][..], &refuses].concat(), "refused a client"),
        ([&["listen", "-k", "./s"][..], &refuses, &["--", "cat"]].concat(), "refused a client"),
        ([&["listen", "-k", "--merge", "./s"][..], &refuses].concat(), "refused a client"),
        ([&["relay", "./s", "exec:cat"][..], &refuses].concat(), "refused a client"),
        (vec!["relay", "./s", "./absent"], "cannot connect to ./absent"),
        (vec!["relay", "./s", "exec:./absent"], "cannot run `./absent`"),
        (vec!["relay", "./s", "./absent", "--log-format", "json"], "cannot connect to ./absent"),
    ] {
        let server = scene.lsock(&args).start();
        flood(&scene, COUNT);
        signal(&server, Signal::TERM);
        let outcome = server.end().died_of(Signal::TERM);
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert!(lines.len() < 100, "{} lines of {args:?}: {outcome:?}", lines.len());
        assert!(lines.iter().all(|line| line.contains(says)), "{args:?}: {outcome:?}");
        // What was left out is counted, also at the end.
        let more = lines.iter().filter_map(|line| line.split_once("(and ")?.1.split(' ').next());
        let more: usize = more.map(|number| number.parse::<usize>().unwrap()).sum();
        assert_eq!(lines.len() + more, COUNT, "{args:?}: {outcome:?}");
        if args.contains(&"json") {
            assert!(lines.iter().all(|line| line.starts_with('{') && line.contains("\"WARN\"")));
        }
    }
}

#[test]
fn messages_that_were_asked_for_are_all_there() {
    const COUNT: usize = 200;
    let scene = Scene::new();
    let server = scene.relay("./s", "exec:true").start_listening();
    flood(&scene, COUNT);
    server.wait_for_message(&format!("connection {COUNT}: command ended"));
    signal(&server, Signal::TERM);
    let outcome = server.end().died_of(Signal::TERM);
    assert_eq!(outcome.stderr.matches(" from pid ").count(), COUNT);
}

/// A limit of the size of files does not end a server whose log has reached it.
#[test]
fn a_log_file_that_reaches_its_limit() {
    let scene = Scene::new();
    let script = r#"ulimit -f 1; exec "$0" listen ./s -k --merge -vvv > /dev/null 2> log"#;
    let server = scene.command("bash").args(["-c", script, env!("CARGO_BIN_EXE_lsock")]).start();
    wait_until("the log is full", || {
        drop(UnixStream::connect(scene.path("s")));
        scene.path("log").metadata().is_ok_and(|file| file.len() == 1024)
    });
    server.terminate();
    assert_eq!(scene.files(), ["log"]);
}
