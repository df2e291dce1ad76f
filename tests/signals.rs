//! Signals to listeners and clients: the name is removed, open connections get a grace time.

use crate::harness::{Scene, data, has, signal, wait_for_file};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{Read, Write},
    thread,
    time::{Duration, Instant},
};

const ALL: [Signal; 4] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];

#[test]
fn each_signal_removes_the_name_and_ends_the_process() {
    let scene = Scene::new();
    for number in ALL {
        for args in [&[][..], &["-k"], &["-k", "--", "cat"], &["--", "cat"]] {
            let server = scene.listen("./s").args(args).open_input().start_listening();
            assert_eq!(scene.files(), ["s"]);
            signal(&server, number);
            server.end().died_of(number).output("");
            scene.expect_empty();
        }
    }
}

/// `relay` and `listen -k` start several threads.
#[test]
fn a_signal_during_the_start_removes_the_name() {
    let scene = Scene::new();
    let commands: [&[&str]; 3] =
        [&["listen", "./s"], &["relay", "./s", "./t"], &["listen", "./s", "-k", "--", "cat"]];
    for args in commands {
        for number in 0..40 {
            let server = scene.lsock(args).open_input().start();
            wait_for_file(&scene.path("s"));
            // Time is the subject: each round sends the signal at another moment of the start.
            thread::sleep(Duration::from_micros(number * 50));
            server.terminate();
            scene.expect_empty();
        }
    }
}

/// As with nohup, and in the background of a shell script.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let scene = Scene::new();
    for (name, number) in [("HUP", Signal::HUP), ("INT", Signal::INT), ("QUIT", Signal::QUIT)] {
        let script = format!("trap '' {name}; exec \"$0\" listen -v -k ./s -- cat");
        let server = scene.shell(&script).start_listening();
        signal(&server, number);
        scene.connect("./s").input("x").run().ok().output("x");
        server.terminate();
    }
}

#[test]
fn an_open_transfer_is_completed_in_both_directions() {
    let scene = Scene::new();
    for args in [&[][..], &["-k"]] {
        let bytes = data(3 << 20);
        let server = scene.listen("./s").args(args).open_input().unread_output();
        let mut server = server.start_listening();
        let mut client = scene.wire("./s");
        client.send("x");
        let mut output = server.take_output();
        output.read_exact(&mut [0]).unwrap();
        signal(&server, Signal::TERM);
        server.wait_for_message("got signal 15");
        scene.wait_for_removal();
        assert!(server.is_running());
        let (sent, mut input) = (bytes.clone(), server.take_input());
        let exchange = thread::spawn(move || client.exchange(&sent));
        let mut received = vec![0; bytes.len()];
        output.read_exact(&mut received).unwrap();
        assert!(received == bytes);
        input.write_all(b"answer").unwrap();
        drop(input);
        assert_eq!(exchange.join().unwrap(), b"answer");
        server.end().died_of(Signal::TERM);
    }
}

#[test]
fn an_idle_connection_is_closed_after_the_grace_time() {
    let scene = Scene::new();
    for args in [&["--grace", "300ms"][..], &["--grace", "300ms", "-k"]] {
        let server = scene.listen("./s").args(args).open_input().start_listening();
        let mut client = scene.wire("./s");
        server.wait_for_message("connection 1 ");
        let start = Instant::now();
        signal(&server, Signal::INT);
        server.end().died_of(Signal::INT).says("1 connection was still open after 300ms");
        assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        client.expect_rest("");
    }
}

#[test]
fn connections_that_are_waited_for_are_counted_once() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let one = "lsock: waiting up to 10m for 1 connection to end; a second signal ends it at once\n";
    let two =
        "lsock: waiting up to 10m for 2 connections to end; a second signal ends them at once\n";
    let servers: [(&[&str], usize, &str); 8] = [
        (&["listen", "./s"], 1, one),
        (&["listen", "./s", "-k"], 1, one),
        (&["listen", "./s", "--progress=always"], 1, one),
        (&["listen", "./s", "--", "cat"], 1, one),
        (&["listen", "./s", "-k", "--", "cat"], 2, two),
        (&["listen", "./s", "-k", "--merge"], 2, two),
        (&["relay", "./s", &target], 2, two),
        (&["relay", "./s", "-"], 1, one),
    ];
    for (args, count, message) in servers {
        let (command, rest) = args.split_at(2);
        let server = scene.lsock(command).args(["--grace", "10m"]).args(rest);
        let server = server.open_input().start();
        wait_for_file(&scene.path("s"));
        let mut clients: Vec<_> = (0..count).map(|_| scene.wire("./s")).collect();
        clients.iter_mut().for_each(|client| client.send("x\n"));
        if args.contains(&"cat") || args.contains(&&*target) {
            clients.iter_mut().for_each(|client| client.expect("x\n"));
        } else {
            server.wait_for_output("x\n".repeat(count));
        }
        signal(&server, Signal::TERM);
        server.wait_for_message(message);
        signal(&server, Signal::TERM);
        // A command has stderr until its client has gone.
        drop(clients);
        let outcome = server.end().died_of(Signal::TERM);
        assert_eq!(outcome.stderr.matches("waiting").count(), 1, "{args:?}: {}", outcome.stderr);
    }
    let server = scene.lsock(["relay", "-q", "./s", &target, "--grace", "300ms"]).start();
    wait_for_file(&scene.path("s"));
    let _client = scene.served_wire("./s");
    assert_eq!(server.terminate().stderr, "");
}

#[test]
fn the_message_that_connections_are_waited_for_can_be_json() {
    let scene = Scene::new();
    let args = ["-k", "--log-format", "json", "--", "cat"];
    let server = scene.lsock(["listen", "./s"]).args(args).start();
    wait_for_file(&scene.path("s"));
    let client = scene.served_wire("./s");
    signal(&server, Signal::TERM);
    server.wait_for_message("waiting");
    drop(client);
    let outcome = server.end().died_of(Signal::TERM);
    let message: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    let text = "waiting up to 5s for 1 connection to end; a second signal ends it at once";
    assert_eq!(message["message"], text);
}

#[test]
fn a_message_replaces_the_progress_line_of_a_terminal() {
    if !has("script") {
        return;
    }
    let scene = Scene::new();
    let line = r#"echo $$ > pid; exec "$LSOCK" listen ./s --progress --grace 10m < open"#;
    scene.command("mkfifo").arg("open").run().ok();
    let open = std::fs::File::options().read(true).write(true).open(scene.path("open")).unwrap();
    let terminal = scene.command("script").args(["-qefc", line, "typescript"]);
    let terminal = terminal.env("LSOCK", env!("CARGO_BIN_EXE_lsock")).env("TERM", "xterm");
    let terminal = terminal.open_input().start();
    wait_for_file(&scene.path("s"));
    let mut client = scene.wire("./s");
    client.send("x");
    let shows = |text: &str| {
        terminal.stdout.wait_for(|bytes| String::from_utf8_lossy(bytes).contains(text))
    };
    assert!(shows("1 B moved"), "no progress line");
    let pid = std::fs::read_to_string(scene.path("pid")).unwrap();
    kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::TERM).unwrap();
    // The line of progress is cleared before.
    assert!(shows("\u{1b}[2Klsock: waiting up to 10m for 1 connection"), "the message is missing");
    drop((client, open));
    terminal.end();
}

#[test]
fn a_grace_time_of_zero_ends_the_server_at_once() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["--grace", "0s"]).open_input().start_listening();
    let _client = scene.wire("./s");
    server.wait_for_message("connection 1 ");
    server.terminate();
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let scene = Scene::new();
    let args = ["-k", "--grace", "10m"];
    let server = scene.listen("./s").args(args).open_input().start_listening();
    let _client = scene.wire("./s");
    server.wait_for_message("connection 1 ");
    signal(&server, Signal::TERM);
    scene.wait_for_removal();
    signal(&server, Signal::INT);
    server.end().died_of(Signal::INT);
}

#[test]
fn transfers_of_many_commands_are_completed() {
    let scene = Scene::new();
    let args = ["-k", "--grace", "1m", "--", "cat"];
    let server = scene.listen("./s").args(args).start_listening();
    let clients: Vec<_> = (0..40).map(|_| scene.served_wire("./s")).collect();
    signal(&server, Signal::TERM);
    scene.wait_for_removal();
    let bytes = data(100_000);
    for mut client in clients {
        client.expect_echo(&bytes);
    }
    server.end().died_of(Signal::TERM);
}

#[test]
fn commands_are_ended_after_the_grace_time() {
    let scene = Scene::new();
    for (args, clients) in [(&[][..], 1), (&["-k"], 1), (&["-k"], 6)] {
        let command = ["--grace", "200ms", "--", "cat"];
        let server = scene.listen("./s").args(args).args(command).start_listening();
        let clients: Vec<_> = (0..clients).map(|_| scene.served_wire("./s")).collect();
        server.terminate();
        let start = Instant::now();
        for mut client in clients {
            client.expect_rest("");
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

#[test]
fn a_client_is_ended_by_a_signal_like_any_program() {
    let scene = Scene::new();
    let server = scene.listen("./s").open_input().start_listening();
    let mut client = scene.connect("./s").open_input().start();
    client.send("x");
    server.wait_for_output("x");
    client.terminate();
    server.end().ok();
}

#[test]
fn the_status_in_a_shell_is_128_and_the_signal() {
    let scene = Scene::new();
    let script = r#""$0" listen ./s & pid=$!; while ! [ -S ./s ]; do sleep 0.01; done
        sleep 0.2; kill -TERM $pid; wait $pid; echo $?"#;
    scene.shell(script).open_input().run().ok().output("143\n");
}
