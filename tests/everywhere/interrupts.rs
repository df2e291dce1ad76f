//! Ctrl+C in the states in which lsock waits: SIGINT on Unix, an event of the console on Windows.

use crate::harness::{Scene, data};

/// Fits in the buffer of a connection on every system.
const SHORT: usize = 40_000;
/// Longer than what a connection takes while nobody reads.
const LONG: usize = 5_000_000;

#[test]
fn an_interrupt_ends_a_client_whose_server_does_not_read() {
    let scene = Scene::new();
    let (host, _) = scene.host(scene.word());
    // The client waits in a write, or for the server to read.
    for (size, args) in [(LONG, &[][..]), (LONG, &["--send-only"]), (SHORT, &["--linger", "10m"])] {
        let client = scene.connect(scene.word()).args(args).input(data(size));
        let client = client.interruptible().start();
        let wire = host.accept();
        wire.wait_for_data();
        client.interrupt();
        drop(wire);
    }
}

#[test]
fn an_interrupt_ends_a_client_whose_output_is_not_read() {
    let scene = Scene::new();
    let (host, _) = scene.host(scene.word());
    let server = host.serve_each(1, |mut wire| {
        // It fails when the client ends.
        let _ = std::io::Write::write_all(&mut wire, &data(LONG));
    });
    let client = scene.connect(scene.word()).open_input().unread_output();
    let mut client = client.interruptible().start();
    let mut output = client.take_output();
    std::io::Read::read_exact(&mut output, &mut [0]).unwrap();
    client.interrupt();
    drop(output);
    server.join().unwrap();
}

/// The first interrupt lets a connection go on for the grace time.
#[test]
fn the_second_interrupt_ends_a_listener_at_once() {
    let scene = Scene::new();
    for args in [&["--grace", "10m"][..], &["--grace", "10m", "-k"]] {
        let server = scene.listen(scene.word()).args(args).open_input().interruptible();
        let server = server.start_listening();
        let mut wire = scene.wire(scene.word());
        wire.send("before");
        server.wait_for_output("before");
        server.send_interrupt();
        server.wait_for_message("got signal 2");
        wire.send(", after");
        server.wait_for_output("before, after");
        server.interrupt();
    }
}

#[test]
fn the_second_interrupt_ends_a_relay_at_once() {
    let scene = Scene::new();
    let (_echo, target) = scene.echo(&scene.other_word());
    let relay = scene.relay(scene.word(), &target).args(["--grace", "10m"]).interruptible();
    let relay = relay.start_listening();
    let mut wire = scene.served_wire(scene.word());
    relay.send_interrupt();
    relay.wait_for_message("got signal 2");
    wire.send("after");
    wire.expect("after");
    relay.interrupt();
}

#[test]
fn an_interrupt_ends_a_listener_whose_client_does_not_read() {
    let scene = Scene::new();
    for keep_open in [&[][..], &["-k"]] {
        for (grace, interrupts) in [("300ms", 1), ("10m", 2)] {
            let server = scene.listen(scene.word()).args(keep_open).args(["--grace", grace]);
            let server = server.input(data(LONG)).interruptible().start_listening();
            let wire = scene.wire(scene.word());
            wire.wait_for_data();
            if interrupts == 2 {
                server.send_interrupt();
                server.wait_for_message("got signal 2");
            }
            let outcome = server.interrupt();
            if interrupts == 1 {
                outcome.says("1 connection was still open after 300ms");
            }
            drop(wire);
        }
    }
}

#[test]
fn an_interrupt_ends_a_relay_whose_client_does_not_read() {
    let scene = Scene::new();
    let (host, target) = scene.host(&scene.other_word());
    for (grace, interrupts) in [("300ms", 1), ("10m", 2)] {
        let relay = scene.relay(scene.word(), &target).args(["--grace", grace]).interruptible();
        let relay = relay.start_listening();
        let wire = scene.wire(scene.word());
        let mut server = host.accept();
        let writer = std::thread::spawn(move || {
            // It fails when the relay ends.
            let _ = std::io::Write::write_all(&mut server, &data(LONG));
        });
        wire.wait_for_data();
        if interrupts == 2 {
            relay.send_interrupt();
            relay.wait_for_message("got signal 2");
        }
        relay.interrupt();
        writer.join().unwrap();
        drop(wire);
    }
}
