//! What an old server took and did not read (Linux reports it).

use super::connect;
use crate::harness::{Scene, wait_for_bytes, wait_until};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

#[test]
fn what_the_old_server_did_not_read_is_reported_and_not_sent_again() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let mut client = connect(&scene, &name, &["--send-only"]).open_input().start();
    let mut first = host.accept();
    client.send("read ");
    first.expect("read ");
    client.send("lost ");
    wait_for_bytes(&first, 5);
    drop(first);
    client.wait_for_message(
        "lsock: warning: connection 1: not everything could be delivered to the peer: \
         the peer has closed the connection (10 bytes sent)\n",
    );
    let mut second = host.accept();
    client.send("next");
    client.close_input();
    second.expect_rest("next");
    let text = "lsock: not everything could be delivered to the peer: \
                1 connection was closed before everything was read (14 bytes sent)\n";
    client.end().code(5).says(text);
}

#[test]
fn what_need_not_be_read_is_no_loss() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let args = ["--send-only", "--ignore-unread"];
    let mut client = connect(&scene, &name, &args).open_input().start();
    let first = host.accept();
    client.send("not read");
    wait_for_bytes(&first, 8);
    drop(first);
    host.accept();
    let mut third = host.accept();
    client.send("next");
    client.close_input();
    third.expect_rest("next");
    client.end().silent();
}

#[test]
fn each_connection_is_one_of_the_trace() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let args = ["--recv-only", "--trace=json", "--trace-file", "t", "--record", "r"];
    let client = connect(&scene, &name, &args).open_input().start();
    for answer in ["one", "two", "three"] {
        host.accept().send(answer);
    }
    client.wait_for_output("onetwothree");
    client.kill();
    let trace = std::fs::read_to_string(scene.path("t")).unwrap();
    for (number, answer) in [(1, "one"), (2, "two"), (3, "three")] {
        let lines = trace.lines().filter(|line| line.contains(&format!("\"conn\":{number}")));
        let lines: Vec<_> = lines.collect();
        let has = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(has(&format!("\"{answer}\"")) && has("connected"), "{trace}");
    }
}

#[test]
fn a_server_that_dies_after_the_input_has_ended_has_lost_it() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    let client = scene.lsock(["relay", "-", &name, "--reconnect"]).input("question").start();
    let wire = host.accept();
    wait_for_bytes(&wire, 8);
    let mut end = [PollFd::new(&wire, PollFlags::RDHUP)];
    wait_until("the input has ended", || poll(&mut end, Some(&Timespec::default())).unwrap() > 0);
    drop(wire);
    client.end().fails(5).says("be delivered to the target: the peer has closed the connection");
}
