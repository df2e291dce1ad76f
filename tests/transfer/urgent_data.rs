//! Urgent data (`MSG_OOB` of `send(2)`): it is passed on in its place, and what follows it is not
//! delayed.

use crate::harness::{Scene, Wire, data, wait_until};
use rustix::net::{SendFlags, send};
use std::thread;

/// Pairs of a listener and a target of a relay.
const ENDS: [(&str, &str); 4] = [
    ("./s", "./t"),
    ("tcp:127.0.0.1:0", "tcp:127.0.0.1:0"),
    ("./s", "tcp:127.0.0.1:0"),
    ("tcp:127.0.0.1:0", "./t"),
];

const COPY_MODES: [&[&str]; 3] = [&[], &["--copy", "buffer"], &["--copy", "splice"]];

fn send_urgent(wire: &Wire, byte: u8) {
    assert_eq!(send(wire, &[byte], SendFlags::OOB).unwrap(), 1);
}

/// Sends a message with an urgent byte in its middle. Returns the message.
fn send_message(wire: &mut Wire) -> &'static str {
    wire.send("before");
    send_urgent(wire, b'!');
    wire.send("after\n");
    "before!after\n"
}

/// Sends messages that contain urgent data and expects each of them before the next one is sent.
#[track_caller]
fn expect_urgent(from: &mut Wire, to: &mut Wire) {
    for round in 0..20 {
        from.send("before");
        // One of them is not together with the rest.
        if round % 2 == 0 {
            to.expect("before");
        }
        send_urgent(from, b'!');
        from.send("after");
        to.expect(if round % 2 == 0 { "!after" } else { "before!after" });
    }
}

#[test]
fn a_relay_passes_urgent_data_on_and_what_follows_at_once() {
    for ((listen, target), mode) in ENDS.into_iter().flat_map(|ends| COPY_MODES.map(|m| (ends, m)))
    {
        let scene = Scene::new();
        let (host, target) = scene.host(target);
        let relay = scene.relay(listen, &target).args(mode).start_listening();
        let mut client = scene.wire(&relay.listen_name());
        let mut target = host.accept();
        expect_urgent(&mut client, &mut target);
        expect_urgent(&mut target, &mut client);
    }
}

/// TCP keeps one urgent byte that is not received in line.
#[test]
fn urgent_bytes_at_the_start_are_all_passed_on() {
    for (listen, target) in ENDS {
        let scene = Scene::new();
        let (host, target) = scene.host(target);
        let relay = scene.relay(listen, &target).start_listening();
        for _ in 0..20 {
            let mut client = scene.wire(&relay.listen_name());
            send_urgent(&client, b'a');
            send_urgent(&client, b'b');
            client.send("c");
            let mut server = host.accept();
            send_urgent(&server, b'd');
            send_urgent(&server, b'e');
            server.send("f");
            server.expect("abc");
            client.expect("def");
        }
    }
}

#[test]
fn a_relay_that_passes_descriptors_passes_urgent_data_on() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let _relay = scene.relay("./s", "./t").arg("--pass-fds").start_listening();
    let mut client = scene.wire("./s");
    let mut target = host.accept();
    expect_urgent(&mut client, &mut target);
    expect_urgent(&mut target, &mut client);
}

#[test]
fn urgent_data_in_bulk_loses_no_byte() {
    const ROUNDS: usize = 40;
    for ((listen, target), mode) in ENDS.into_iter().flat_map(|ends| COPY_MODES.map(|m| (ends, m)))
    {
        let scene = Scene::new();
        let (host, target) = scene.host(target);
        let relay = scene.relay(listen, &target).args(mode).start_listening();
        let client = scene.wire(&relay.listen_name());
        let mut target = host.accept();
        let mut writer = client.another();
        let writes = thread::spawn(move || {
            for round in 1..ROUNDS {
                writer.send(data(round * 7_001));
                send_urgent(&writer, b'!');
            }
            writer.end();
        });
        let all = (1..ROUNDS).flat_map(|round| [data(round * 7_001), b"!".to_vec()]);
        target.expect_rest(all.collect::<Vec<_>>().concat());
        writes.join().unwrap();
    }
}

/// The urgent byte and the end arrive while the relay waits for a target that does not read: it is
/// not waiting for input then.
#[test]
fn urgent_data_before_the_end_of_a_waiting_stream_loses_no_byte() {
    for mode in [&[][..], &["--copy", "splice"]] {
        let scene = Scene::new();
        let (host, _) = scene.host("./t");
        let relay = scene.relay("tcp:127.0.0.1:0", "./t").arg("-vv").args(mode).start_listening();
        let mut client = scene.wire(&relay.listen_name());
        let mut target = host.accept();
        // More than the pipe of the relay and the target hold, and less than the system takes as well.
        let (before, after) = (data(520_000), data(10_001));
        client.send(&before);
        relay.wait_for_message("has taken nothing for 1s");
        send_urgent(&client, b'!');
        client.send(&after);
        client.end();
        wait_until("everything has arrived", || client.unread() == 0);
        target.expect_rest([before, b"!".to_vec(), after].concat());
        relay.terminate();
    }
}

/// The client closes at once after the urgent byte. The relay has read all bytes before by short reads.
#[test]
fn an_urgent_last_byte_of_a_client_that_closes_is_not_lost() {
    for mode in COPY_MODES {
        let scene = Scene::new();
        let (host, _) = scene.host("./t");
        let relay = scene.relay("./s", "./t").arg("-vv").args(mode).start_listening();
        let mut client = scene.wire("./s");
        let mut target = host.accept();
        let mut sent = Vec::new();
        let stalled = "has taken nothing for 1s";
        while !relay.log().contains(stalled) {
            client.send(data(3000));
            sent.extend(data(3000));
            let is_over = || client.unread() == 0 || relay.log().contains(stalled);
            wait_until("it is read, or the relay waits", is_over);
        }
        client.send("last");
        send_urgent(&client, b'!');
        drop(client);
        sent.extend(b"last!");
        target.expect_rest(sent);
        relay.terminate();
    }
}

#[test]
fn a_hub_writes_urgent_data_in_its_place() {
    let scene = Scene::new();
    let hub = scene.listen("./s").args(["-k", "--merge"]).start_listening();
    let mut client = scene.wire("./s");
    let mut expected = String::new();
    for _ in 0..20 {
        expected.push_str(send_message(&mut client));
        hub.wait_for_output(&expected);
    }
}

#[test]
fn stdout_gets_urgent_data_in_its_place() {
    for mode in [&[][..], &["--copy", "buffer"]] {
        let scene = Scene::new();
        let (host, _) = scene.host("./t");
        let lsock = scene.connect("./t").args(mode).open_input().start();
        let mut server = host.accept();
        let mut expected = String::new();
        for _ in 0..20 {
            expected.push_str(send_message(&mut server));
            lsock.wait_for_output(&expected);
        }
    }
}
