//! A relay with many clients: all are served, and nothing is left of them.

use crate::harness::{
    Data, Scene, Wire, data, memory, open_files, processor_time, threads_of, wait_until,
};
use std::{io::Read, thread, time::Duration};

/// Sends the number of each client and expects it back.
#[track_caller]
fn expect_echoes(clients: &mut [Wire]) {
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(number.to_string());
        client.end();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let answer = client.rest_whatever_happens();
        let answer = answer.escape_ascii();
        assert!(answer.to_string() == number.to_string(), "client {number} got `{answer}` back");
    }
}

#[test]
fn a_target_with_a_short_backlog_gets_five_hundred_clients() {
    const CLIENTS: usize = 500;
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    host.backlog(5);
    let server = host.serve_each(CLIENTS, |mut wire| {
        let request = wire.rest();
        wire.send(request);
    });
    let relay = scene.relay("./s", &target).start_listening();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| scene.wire("./s")).collect();
    expect_echoes(&mut clients);
    relay.does_not_say("warning");
    server.join().unwrap();
}

#[test]
fn without_free_descriptors_clients_wait_and_take_no_processor_time() {
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    for target in [&target, "exec:cat"] {
        let relay = scene.limited("-n 64", ["relay", "-v", "./s", target]).start_listening();
        let mut clients: Vec<_> = (0..500).map(|_| scene.wire("./s")).collect();
        // The first clients are served, and stay.
        for client in &mut clients[..10] {
            client.send("x");
            client.expect("x");
        }
        let before = processor_time(&relay);
        // Time is the subject: what a second of waiting costs.
        thread::sleep(Duration::from_secs(1));
        let used = processor_time(&relay) - before;
        assert!(used <= 10, "{target}: {used} hundredths of a second while it waits");
        for client in &mut clients[..10] {
            client.send("y");
            client.expect("y");
        }
        expect_echoes(&mut clients);
        relay.terminate().does_not_say("warning");
    }
}

#[test]
fn clients_one_after_another_leave_no_descriptors_threads_and_memory() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    // One thread: creating threads would take more time than the relay.
    host.serve_each(usize::MAX, |mut wire| {
        let mut word = [0; 5];
        if wire.read_exact(&mut word).is_ok() {
            wire.send(word);
        }
    });
    // Without -v, whose messages would fill the memory of the test.
    let relay = scene.lsock(["relay", "./s", &target]).start();
    let visit = || scene.wire("./s").expect_echo("hello");
    // The first visits create threads and buffers that stay.
    for _ in 0..200 {
        visit();
    }
    let mut files = open_files(&relay);
    // Nothing shows when the relay has closed the sockets of the last visit.
    wait_until("the visits are over", || {
        thread::sleep(Duration::from_millis(20));
        let before = std::mem::replace(&mut files, open_files(&relay));
        files == before
    });
    let (threads, bytes) = (threads_of(&relay), memory(&relay));
    for _ in 0..5000 {
        visit();
    }
    wait_until("no descriptor is left", || open_files(&relay) <= files);
    assert!(threads_of(&relay) <= threads, "{} threads, {threads} before", threads_of(&relay));
    let grown = memory(&relay).saturating_sub(bytes);
    assert!(grown < 1 << 20, "{grown} bytes more memory");
}

#[test]
fn two_hundred_clients_exchange_different_bytes_at_once() {
    const SIZE: usize = 300_000;
    let scene = Scene::new();
    for (listen, target) in [("./s", "./t"), ("tcp:127.0.0.1:0", "./u"), ("./s", "tcp:127.0.0.1:0")]
    {
        let (_serving, target) = scene.echo(target);
        let relay = scene.relay(listen, &target).start_listening();
        let name = relay.listen_name();
        let bytes = data(SIZE + 200);
        thread::scope(|scope| {
            for number in 0..200 {
                let mut client = scene.wire(&name);
                let bytes = &bytes[number..number + SIZE];
                scope.spawn(move || client.expect_echo(bytes));
            }
        });
        relay.does_not_say("warning");
    }
}

#[test]
fn one_gibibyte_passes_through() {
    const SIZE: u64 = 1 << 30;
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.relay("./s", &target).start_listening();
    let mut client = scene.wire("./s");
    let writes = thread::spawn(move || {
        Data::default().write_to(&mut client, SIZE);
        client.end();
        client.rest()
    });
    let mut wire = host.accept();
    assert_eq!(Data::default().read_from(&mut wire), SIZE);
    wire.send("done");
    drop(wire);
    assert_eq!(writes.join().unwrap(), b"done");
    relay.wait_for_message("connection 1: 1073741824 bytes to the target, 4 bytes back in ");
}
