//! Signals end a listener in good order.

use crate::harness::{Scene, data, signal, wait_for_file, wait_until};
use rustix::process::Signal;
use std::{
    io::{Read, Write},
    net::Shutdown,
    time::{Duration, Instant},
};

const ALL: [Signal; 4] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];

#[test]
fn each_removes_the_name_and_ends_the_process() {
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

/// From the moment on in which the file can be seen.
#[test]
fn an_early_one_ends_it_as_well() {
    let scene = Scene::new();
    for number in 0..40_u64 {
        let server = scene.lsock(["listen", "./s"]).open_input().start();
        wait_for_file(&scene.path("s"));
        // Now here, now there in what it does first.
        std::thread::sleep(Duration::from_micros(number * 40));
        server.terminate();
        scene.expect_empty();
    }
}

/// As with nohup, and in the background of a shell script.
#[test]
fn one_that_was_ignored_from_the_start_stays_so() {
    let scene = Scene::new();
    for (name, number) in [("HUP", Signal::HUP), ("INT", Signal::INT), ("QUIT", Signal::QUIT)] {
        let script = format!("trap '' {name}; exec \"$0\" listen -v -k ./s -- cat");
        let shell = scene.shell(&script);
        let server = shell.start_listening();
        signal(&server, number);
        scene.connect("./s").input("x").run().ok().output("x");
        server.terminate();
    }
}

#[test]
fn an_open_transfer_ends_whole() {
    let scene = Scene::new();
    for args in [&["-v"][..], &["-v", "-k"]] {
        let bytes = data(3 << 20);
        let mut server =
            scene.listen("./s").args(args).open_input().unread_output().start_listening();
        let mut client = scene.wire("./s");
        client.send("x");
        let mut output = server.take_output();
        let mut one = [0];
        output.read_exact(&mut one).unwrap();
        signal(&server, Signal::TERM);
        server.wait_for_message("got signal 15");
        wait_until("the name has gone", || scene.files().is_empty());
        assert!(server.is_running());
        // Both directions still work.
        let (sent, mut input) = (bytes.clone(), server.take_input());
        let writer = std::thread::spawn(move || {
            client.send(&sent);
            client.end();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).unwrap();
            answer
        });
        let mut received = vec![0; bytes.len()];
        output.read_exact(&mut received).unwrap();
        assert!(received == bytes);
        input.write_all(b"answer").unwrap();
        drop(input);
        assert_eq!(writer.join().unwrap(), b"answer");
        server.end().died_of(Signal::TERM);
    }
}

#[test]
fn a_stuck_connection_is_closed_after_the_grace_time() {
    let scene = Scene::new();
    for args in [&["--grace", "300ms"][..], &["--grace", "300ms", "-k"]] {
        let server = scene.listen("./s").args(args).open_input().start_listening();
        let mut client = scene.wire("./s");
        server.wait_for_message("connection 1 ");
        let start = Instant::now();
        signal(&server, Signal::INT);
        server.end().died_of(Signal::INT).says("grace");
        assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        client.expect_rest("");
    }
}

#[test]
fn without_a_grace_time_it_ends_at_once() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["--grace", "0s"]).open_input().start_listening();
    let _client = scene.wire("./s");
    server.wait_for_message("connection 1 ");
    server.terminate();
}

#[test]
fn a_second_one_ends_it_at_once() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--grace", "10m"]).open_input().start_listening();
    let _client = scene.wire("./s");
    server.wait_for_message("connection 1 ");
    signal(&server, Signal::TERM);
    wait_until("the name has gone", || scene.files().is_empty());
    signal(&server, Signal::INT);
    server.end().died_of(Signal::INT);
}

#[test]
fn commands_get_the_grace_time_too() {
    let scene = Scene::new();
    let args = ["-k", "--grace", "10m", "--", "cat"];
    let server = scene.listen("./s").args(args).start_listening();
    let mut client = scene.wire("./s");
    client.send("x");
    let mut echo = [0];
    client.read_exact(&mut echo).unwrap();
    signal(&server, Signal::TERM);
    wait_until("the name has gone", || scene.files().is_empty());
    client.send("y");
    client.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"y");
    drop(client);
    server.end().died_of(Signal::TERM);
}

#[test]
fn a_stuck_command_is_ended_after_the_grace_time() {
    let scene = Scene::new();
    for args in [&["-k"][..], &[]] {
        let server = scene
            .listen("./s")
            .args(args)
            .args(["--grace", "200ms", "--", "cat"])
            .start_listening();
        let mut client = scene.wire("./s");
        client.send("x");
        client.read_exact(&mut [0]).unwrap();
        server.terminate();
        client.expect_rest("");
    }
}

/// Commands of clients that are served at the same time, in whatever event loop.
#[test]
fn stuck_commands_are_all_ended_after_the_grace_time() {
    let scene = Scene::new();
    let server =
        scene.listen("./s").args(["-k", "--grace", "200ms", "--", "cat"]).start_listening();
    let mut clients: Vec<_> = (0..6).map(|_| scene.wire("./s")).collect();
    for client in &mut clients {
        client.send("x");
        client.read_exact(&mut [0]).unwrap();
    }
    server.terminate();
    for mut client in clients {
        client.expect_rest("");
    }
}

/// While many are served: what each of them gets is whole.
#[test]
fn many_transfers_end_whole() {
    let scene = Scene::new();
    let server = scene.listen("./s").args(["-k", "--grace", "1m", "--", "cat"]).start_listening();
    let mut clients: Vec<_> = (0..40).map(|_| scene.wire("./s")).collect();
    for client in &mut clients {
        client.send("x");
        client.read_exact(&mut [0]).unwrap();
    }
    signal(&server, Signal::TERM);
    wait_until("the name has gone", || scene.files().is_empty());
    let bytes = data(100_000);
    for mut client in clients {
        client.send(&bytes);
        client.end();
        client.expect_rest(&bytes);
    }
    server.end().died_of(Signal::TERM);
}

#[test]
fn a_client_dies_of_a_signal_as_any_program() {
    let scene = Scene::new();
    let server = scene.listen("./s").open_input().start_listening();
    let mut client = scene.connect("./s").open_input().start();
    client.send("x");
    server.wait_for_output("x");
    client.terminate();
    server.end().ok();
}

/// The shell's `$?`.
#[test]
fn a_shell_sees_128_and_the_number() {
    let scene = Scene::new();
    let script = r#""$0" listen ./s & pid=$!; while ! [ -S ./s ]; do sleep 0.01; done
        sleep 0.2; kill -TERM $pid; wait $pid; echo $?"#;
    let shell = scene.shell(script);
    shell.open_input().run().ok().output("143\n");
}
