//! While no server is connected.

use super::connect;
use crate::harness::{Running, Scene};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// Starts a client whose first server has ended.
fn without_server(scene: &Scene, args: &[&str]) -> Running {
    let (host, name) = scene.host("./s");
    let client = connect(scene, &name, args).arg("-v").open_input().start();
    drop((host.accept(), host));
    std::fs::remove_file(scene.path("s")).unwrap();
    client.wait_for_message("connection 1: the peer has ended: connecting again");
    client
}

#[test]
fn input_waits_for_the_next_server() {
    let scene = Scene::new();
    let mut client = without_server(&scene, &["--send-only", "--wait"]);
    // More than is read ahead.
    let bytes = crate::harness::data(3_000_000);
    let (mut input, all) = (client.take_input(), bytes.clone());
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut input, &all));
    let (host, _) = scene.host("./s");
    host.accept().expect_rest(bytes);
    writer.join().unwrap().unwrap();
    client.end().ok().does_not_say("warning");
}

#[test]
fn a_signal_ends_it_at_once() {
    let scene = Scene::new();
    for (number, args) in [["--send-only", "--wait"], ["--recv-only", "--wait"]].iter().enumerate()
    {
        for signal in [Signal::TERM, Signal::INT] {
            let client = without_server(&scene, args);
            crate::harness::signal(&client, signal);
            client.end().died_of(signal).does_not_say("still open");
            // The same while an idle server is connected.
            let (host, name) = scene.host("./t");
            let client = connect(&scene, &name, args).open_input().start();
            let mut wire = host.accept();
            if number == 1 {
                wire.send("x");
                client.wait_for_output("x");
            }
            crate::harness::signal(&client, signal);
            client.end().died_of(signal).does_not_say("still open");
            std::fs::remove_file(scene.path("t")).unwrap();
        }
    }
}

#[test]
fn a_signal_reports_what_no_server_has_got() {
    let scene = Scene::new();
    let mut client = without_server(&scene, &["--send-only", "--wait"]);
    client.send("left over");
    let input = client.take_input();
    crate::harness::wait_until("the input is read", || {
        rustix::io::ioctl_fionread(&input).unwrap() == 0
    });
    crate::harness::signal(&client, Signal::TERM);
    let text = "9 bytes could not be delivered to the peer: nothing was connected (0 bytes sent)";
    let outcome = client.end().died_of(Signal::TERM).says(text);
    let waiting = "waiting up to 1s for a server that takes what is left; a second signal";
    outcome.says(waiting).does_not_say("still open");
}

#[test]
fn a_reader_of_stdout_that_has_gone_ends_it() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let client = connect(&scene, &name, &["--recv-only", "--wait", "-v"]).unread_output();
    let mut client = client.open_input().start();
    host.accept().send("line\n");
    drop(host);
    client.wait_for_message("connecting again");
    drop(client.take_output());
    client.end().ok();
}

#[test]
fn time_limits_are_those_of_the_whole_run() {
    let scene = Scene::new();
    let limits = [
        ("--max-time", "the transfer was not over after 700ms (--max-time)"),
        ("--idle-timeout", "nothing moved for 700ms"),
    ];
    for (option, text) in limits {
        let start = Instant::now();
        without_server(&scene, &["--recv-only", option, "700ms"]).end().code(4).says(text);
        assert!(start.elapsed() >= Duration::from_millis(700));
        // While servers come and go, which send something all the time.
        let (host, name) = scene.host("./t");
        let start = Instant::now();
        let client = connect(&scene, &name, &["--recv-only", option, "700ms"]).open_input().start();
        let _serving = host.serve(move |mut wire| {
            if option == "--max-time" {
                wire.send("x");
            }
        });
        client.end().code(4).says(text);
        assert!(start.elapsed() >= Duration::from_millis(700));
        std::fs::remove_file(scene.path("t")).unwrap();
    }
}

#[test]
fn bytes_that_are_left_at_a_time_limit_are_a_loss() {
    let scene = Scene::new();
    let mut client = without_server(&scene, &["--send-only", "--max-time", "700ms"]);
    client.send("left over");
    let text = "9 bytes could not be delivered to the peer: \
                the connection was ended by --max-time (0 bytes sent)";
    client.end().code(5).says(text);
}

#[test]
fn another_server_user_is_refused() {
    let scene = Scene::new();
    let client = without_server(&scene, &["--send-only", "--server-user", "me"]);
    let (host, _) = scene.host("./s");
    host.accept();
    drop(host);
    client.wait_for_message("connection 2: the peer has ended");
    client.kill();
    let args = ["--send-only", "--wait", "--server-user", "uid:4294"];
    let (_host, name) = scene.host("./t");
    connect(&scene, &name, &args).input("secret").run().fails(3).says("cannot connect to ./t");
}

#[test]
fn progress_counts_the_whole_run() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let client = connect(&scene, &name, &["--recv-only", "--progress=always"]).open_input().start();
    for _ in 0..3 {
        host.accept().send("12345");
    }
    client.wait_for_message("15 B moved");
    client.kill();
}
