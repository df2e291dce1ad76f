//! Messages of servers: clients never wait for a reader of stderr, and a flood of warnings is
//! a few lines.

use crate::{
    commands::make_program,
    harness::{Cmd, DEADLINE, Scene, wait_for_file, wait_until},
};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::{
        fs::OpenOptionsExt,
        net::{UnixDatagram, UnixStream},
    },
};

/// The last three echo.
const SERVERS: [&[&str]; 5] = [
    &["listen", "-k", "./s"],
    &["listen", "-k", "--merge", "./s"],
    &["listen", "-k", "./s", "--", "cat"],
    &["relay", "./s", "exec:cat"],
    &["relay", "./s", "./t"],
];

impl Scene {
    /// Creates `./pipe`, a named pipe that is full.
    fn full_pipe(&self) -> File {
        let path = self.path("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
        let mut open = OpenOptions::new();
        let mut pipe = open.read(true).write(true).custom_flags(flags).open(path).unwrap();
        for size in [4096, 1] {
            while pipe.write(&vec![b'x'; size]).is_ok() {}
        }
        pipe
    }

    /// lsock with the pipe as one of its descriptors.
    fn with_pipe(&self, fd: u32, args: &[&str]) -> Cmd {
        self.shell(&format!(r#"exec "$0" "$@" {fd}>pipe"#)).args(args)
    }

    fn expect_answer(&self, answer: &str) {
        let mut client = self.wire("./s");
        client.send("hello\n");
        client.end();
        client.expect_rest(answer);
    }

    /// Starts each server and connects 20 clients to it.
    fn expect_answers(&self, lsock: impl Fn(&[&str]) -> Cmd) {
        for (number, args) in SERVERS.into_iter().enumerate() {
            let server = lsock(args).start();
            for _ in 0..20 {
                self.expect_answer(if number > 1 { "hello\n" } else { "" });
            }
            server.terminate();
            assert!(!self.path("s").exists());
        }
    }

    /// Connects that many clients and waits until each connection is closed.
    fn flood(&self, count: usize) {
        for _ in 0..count {
            self.wire("./s").rest_whatever_happens();
        }
    }
}

#[test]
fn clients_do_not_wait_for_the_reader_of_stderr() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./t");
    let _pipe = scene.full_pipe();
    scene.expect_answers(|args| scene.with_pipe(2, &[args[0], "-vvv"]).args(&args[1..]));
    // This one warns of each client.
    let relay = scene.with_pipe(2, &["relay", "./s", "./absent"]).start();
    for _ in 0..1000 {
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
    }
    relay.terminate();
}

#[test]
fn signals_do_not_wait_for_the_reader_of_stderr() {
    let scene = Scene::new();
    let _pipe = scene.full_pipe();
    for command in [&[][..], &["--", "cat"]] {
        let args = [&["listen", "-vvv", "./s", "--grace=0s"], command].concat();
        let server = scene.with_pipe(2, &args).open_input().start();
        let _client = scene.wire("./s");
        server.terminate();
    }
    let (host, target) = scene.host("./t");
    let client = scene.with_pipe(2, &["connect", "-vvv", &target]).open_input().start();
    let _wire = host.accept();
    client.terminate();
}

#[test]
fn dropped_messages_are_counted() {
    let scene = Scene::new();
    let mut pipe = scene.full_pipe();
    let (_echo, _) = scene.echo("./t");
    let relay = scene.with_pipe(2, &["relay", "-v", "./s", "./t"]).start();
    // Each writes about a hundred bytes to the log.
    for _ in 0..4000 {
        scene.expect_answer("hello\n");
    }
    let mut text = Vec::new();
    wait_until("the number is written", || {
        let mut buffer = [0; 64 << 10];
        while let Ok(read) = pipe.read(&mut buffer) {
            text.extend_from_slice(&buffer[..read]);
        }
        let text = String::from_utf8_lossy(&text);
        text.contains(" messages were left out: stderr was not read\n")
    });
    relay.terminate();
}

#[test]
fn clients_do_not_wait_for_the_reader_of_ready_fd() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./t");
    let mut pipe = scene.full_pipe();
    scene.expect_answers(|args| scene.with_pipe(3, &[args[0], "--ready-fd=3"]).args(&args[1..]));
    let server = scene.with_pipe(3, &["listen", "-k", "./s", "--ready-fd=3"]).start();
    scene.expect_answer("");
    // The line is written when there is room.
    wait_until("the line is written", || {
        let mut buffer = [0; 64 << 10];
        let read = pipe.read(&mut buffer).unwrap_or(0);
        buffer[..read].contains(&b'\n')
    });
    server.kill();
}

#[test]
fn clients_do_not_wait_for_the_reader_of_the_notify_socket() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./t");
    let path = scene.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send_to(b"x", &path).is_ok() {}
    scene.expect_answers(|args| scene.lsock(args).env("NOTIFY_SOCKET", &path));
    let server = scene.lsock(["listen", "-k", "./s"]).env("NOTIFY_SOCKET", &path).start();
    scene.expect_answer("");
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut buffer = [0; 100];
    while socket.recv(&mut buffer).unwrap() == 1 {}
    assert_eq!(&buffer[..7], b"READY=1");
    server.kill();
}

#[test]
fn repeated_warnings_are_summed_up() {
    const COUNT: usize = 1000;
    let scene = Scene::new();
    // Only a user who does not exist is allowed.
    let refuses = ["--mode", "666", "--allow", "uid:54321"];
    for (args, warning) in [
        ([&["listen", "-k", "./s"][..], &refuses].concat(), "refused a client"),
        ([&["listen", "-k", "./s"][..], &refuses, &["--", "cat"]].concat(), "refused a client"),
        ([&["listen", "-k", "--merge", "./s"][..], &refuses].concat(), "refused a client"),
        ([&["relay", "./s", "exec:cat"][..], &refuses].concat(), "refused a client"),
        (vec!["relay", "./s", "./absent"], "cannot connect to ./absent"),
        (vec!["relay", "./s", "exec:./program"], "cannot run `./program`"),
        (vec!["relay", "./s", "./absent", "--log-format", "json"], "cannot connect to ./absent"),
    ] {
        make_program(&scene);
        let server = scene.lsock(&args).start();
        wait_for_file(&scene.path("s"));
        // The program was checked before the socket was made.
        fs::remove_file(scene.path("program")).unwrap();
        scene.flood(COUNT);
        let outcome = server.terminate();
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert!(lines.len() < 100, "{} lines: {}", lines.len(), outcome.report());
        assert!(lines.iter().all(|line| line.contains(warning)), "{}", outcome.report());
        // The warnings that were left out are counted, at the end too.
        let more = lines.iter().filter_map(|line| line.split_once("(and ")?.1.split(' ').next());
        let more: usize = more.map(|number| number.parse::<usize>().unwrap()).sum();
        assert_eq!(lines.len() + more, COUNT, "{}", outcome.report());
        if args.contains(&"json") {
            let is_json = |line: &&str| line.starts_with('{') && line.contains("\"WARN\"");
            assert!(lines.iter().all(is_json), "{}", outcome.report());
        }
    }
}

#[test]
fn messages_of_v_are_never_summed_up() {
    const COUNT: usize = 200;
    let scene = Scene::new();
    let server = scene.relay("./s", "exec:true").start_listening();
    scene.flood(COUNT);
    server.wait_for_message(&format!("connection {COUNT}: command ended"));
    let outcome = server.terminate();
    assert_eq!(outcome.stderr.matches(" from pid ").count(), COUNT);
}

#[test]
fn a_log_file_at_its_size_limit_does_not_end_a_server() {
    let scene = Scene::new();
    let script = r#"ulimit -f 1; exec "$0" listen ./s -k --merge -vvv > /dev/null 2> log"#;
    let bash = scene.command("bash").args(["-c", script, env!("CARGO_BIN_EXE_lsock")]);
    let server = bash.start();
    wait_until("the log is full", || {
        drop(UnixStream::connect(scene.path("s")));
        scene.path("log").metadata().is_ok_and(|file| file.len() == 1024)
    });
    server.terminate();
    assert_eq!(scene.files(), ["log"]);
}
