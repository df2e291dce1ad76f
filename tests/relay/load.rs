//! A relay with many clients, and that nothing is left over of them.

use crate::harness::{
    Data, Running, Scene, Wire, data, memory, open_files, processor_time, signal, threads_of,
    wait_until,
};
use rustix::process::Signal;
use std::{
    io::{Read, Write},
    thread,
    time::Duration,
};

/// Has each client send its number, and checks that it comes back.
#[track_caller]
fn all_are_served(relay: &Running, clients: &mut [Wire]) {
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(number.to_string());
        client.end();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let answer = client.rest_whatever_happens();
        if answer != number.to_string().as_bytes() {
            let log = relay.log();
            let warnings: Vec<_> = log.lines().filter(|line| line.contains("warning")).collect();
            panic!("client {number} got {} bytes back\n{}", answer.len(), warnings.join("\n"));
        }
    }
}

/// More at once than the target has room for.
#[test]
fn a_burst_of_five_hundred_and_a_target_with_a_short_backlog() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    host.backlog(5);
    // It serves one after another.
    thread::spawn(move || {
        for _ in 0..500 {
            let mut wire = host.accept();
            let request = wire.rest();
            wire.send(request);
        }
    });
    let relay = scene.relay("./s", &target).start_listening();
    let mut clients: Vec<_> = (0..500).map(|_| scene.wire("./s")).collect();
    all_are_served(&relay, &mut clients);
    let log = relay.log();
    assert!(!log.contains("warning"), "{log}");
}

#[test]
fn out_of_descriptors_it_waits_without_spinning() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for target in [&target, "exec:cat"] {
        let script = r#"ulimit -n 64; exec "$0" relay -v ./s "$@""#;
        let shell = scene.shell(script);
        let mut relay = shell.arg(target).start_listening();
        let mut clients: Vec<_> = (0..500).map(|_| scene.wire("./s")).collect();
        // The first ones are served, and stay.
        for client in &mut clients[..10] {
            client.send("x");
            client.expect("x");
        }
        let before = processor_time(&relay);
        // Time is the subject.
        thread::sleep(Duration::from_secs(1));
        let used = processor_time(&relay) - before;
        assert!(used <= 10, "{target}: {used} hundredths of a second while it waits");
        // They are served all the while.
        for client in &mut clients[..10] {
            client.send("y");
            client.expect("y");
        }
        all_are_served(&relay, &mut clients);
        assert!(relay.is_running());
        relay.terminate().does_not_say("warning");
    }
}

/// Not even for connections that are made while others are waited for.
#[test]
fn five_thousand_one_after_another_leave_nothing() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    // On one thread: the tests are not what is measured here.
    thread::spawn(move || {
        loop {
            let mut wire = host.accept();
            let mut word = [0; 5];
            if wire.read_exact(&mut word).is_ok() {
                wire.send(word);
            }
        }
    });
    // Without -v, whose messages would fill the memory of the test.
    let relay = scene.lsock(["relay", "./s", &target]).start();
    let visit = || {
        let mut client = scene.wire("./s");
        client.send("hello");
        client.end();
        client.expect_rest("hello");
    };
    for _ in 0..200 {
        visit();
    }
    let is_idle = || open_files(&relay);
    let mut least = is_idle();
    // What the last one has is closed a moment later.
    wait_until("the visits are over", || {
        thread::sleep(Duration::from_millis(20));
        let files = is_idle();
        std::mem::replace(&mut least, files) == files
    });
    let before = (least, threads_of(&relay), memory(&relay));
    for _ in 0..5000 {
        visit();
    }
    wait_until("no descriptor is left over", || open_files(&relay) <= before.0);
    assert!(threads_of(&relay) <= before.1, "{} threads, {before:?}", threads_of(&relay));
    let grown = memory(&relay).saturating_sub(before.2);
    assert!(grown < 1 << 20, "{grown} bytes more memory after {before:?}");
}

#[test]
fn two_hundred_at_once_with_much_to_say() {
    const SIZE: usize = 300_000;
    let scene = Scene::new();
    for (listen, target) in [("./s", "./t"), ("tcp:127.0.0.1:0", "./u"), ("./s", "tcp:127.0.0.1:0")]
    {
        let (_serving, target) = scene.echo(target);
        let relay = scene.relay(listen, &target).start_listening();
        let place = relay.place();
        let bytes = data(SIZE + 200);
        thread::scope(|scope| {
            for number in 0..200 {
                // All of them are there before the first one is done, each with bytes of its
                // own.
                let mut client = scene.wire(&place);
                let bytes = &bytes[number..number + SIZE];
                scope.spawn(move || assert!(client.exchange(bytes) == bytes, "{number}"));
            }
        });
        let log = relay.log();
        assert!(!log.contains("warning"), "{log}");
    }
}

#[test]
fn one_gibibyte() {
    const SIZE: u64 = 1 << 30;
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.relay("./s", &target).start_listening();
    let mut client = scene.wire("./s");
    let writes = thread::spawn(move || {
        let mut bytes = Data::new();
        while bytes.count < SIZE {
            let most = usize::try_from(SIZE - bytes.count).unwrap_or(usize::MAX);
            let written = client.write(bytes.piece(most)).unwrap();
            bytes.passed(written);
        }
        client.end();
        client.rest()
    });
    let (mut wire, mut bytes) = (host.accept(), Data::new());
    let mut buffer = vec![0; 1 << 20];
    while let read @ 1.. = wire.read(&mut buffer).unwrap() {
        bytes.check(&buffer[..read]);
    }
    assert_eq!(bytes.count, SIZE);
    wire.send("done");
    drop(wire);
    assert_eq!(writes.join().unwrap(), b"done");
    relay.wait_for_message("connection 1: 1073741824 bytes to the target, 4 bytes back in ");
}
