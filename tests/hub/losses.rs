//! Failed and blocked outputs of a hub: lost bytes are counted.

#[cfg(target_os = "linux")]
use super::{HUB, MERGE};
use crate::harness::Scene;
use std::{fs, io::Write};

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_status_5() {
    let scene = Scene::new();
    for args in [&MERGE[..], &HUB] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let server = scene.listen("./s").args(args).open_input().stdout(full).start_listening();
        let mut client = scene.wire("./s");
        client.send("lost\n");
        let outcome = server.end().code(5).says("5 bytes could not be delivered to the output");
        outcome.says("no space left");
        assert_eq!(client.rest_whatever_happens(), b"");
        scene.expect_empty();
    }
}

/// At the limit of the size of files write(2) fails. SIGXFSZ, which would leave the socket file,
/// is ignored.
#[test]
fn an_output_file_at_its_size_limit_is_status_5() {
    const SIZE: usize = 1 << 20;
    let scene = Scene::new();
    for args in ["listen ./s -k --merge", "listen ./s -k", "listen ./s", "relay ./s -"] {
        let script = format!(r#"ulimit -f 1; exec "$0" {args} > out"#);
        let hub = scene.command("bash").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
        let hub = hub.open_input().start();
        let mut client = scene.wire("./s");
        // Fails if the connection is closed before everything is sent.
        let _ = client.write_all(&b"line\n".repeat(SIZE / 5));
        if args.ends_with("-k") || args.starts_with("relay") {
            // These end when the client has.
            drop(client);
        }
        let outcome = hub.end().code(5);
        let (lost, delivered) = outcome.losses();
        assert!(lost > 0, "{}", outcome.report());
        assert_eq!(delivered, 1024, "{}", outcome.report());
        assert_eq!(fs::metadata(scene.path("out")).unwrap().len(), 1024);
        assert_eq!(scene.files(), ["out"]);
    }
}

#[cfg(target_os = "linux")]
mod blocked {
    use super::*;
    use crate::harness::{Wire, signal, wait_until};
    use rustix::{
        net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size},
        process::Signal,
    };
    use std::{
        io::Read,
        net::{TcpListener, TcpStream},
        os::fd::OwnedFd,
        time::{Duration, Instant},
    };

    /// Sends more bytes than the output takes, from three clients; the last line is not
    /// complete. Returns when the hub has read everything, with the number of bytes.
    fn send_to_blocked(scene: &Scene) -> (Vec<Wire>, usize) {
        let mut clients: Vec<_> = (0..3).map(|_| scene.wire("./s")).collect();
        let line = format!("{}\n", "z".repeat(99));
        let texts = [line.repeat(1500), line.repeat(700), "of a line".to_owned()];
        for (client, text) in clients.iter_mut().zip(&texts) {
            client.send(text);
        }
        wait_until("the hub has read everything", || {
            clients.iter().all(|client| client.unread() == 0)
        });
        (clients, texts.iter().map(String::len).sum())
    }

    /// There is one grace time, not one for clients and one for the output.
    #[test]
    fn bytes_for_a_blocked_output_are_counted_at_the_end_of_the_grace_time() {
        let scene = Scene::new();
        for args in [&MERGE[..], &HUB] {
            let hub = scene.listen("./s").args(args).args(["--grace", "3s"]);
            let mut hub = hub.open_input().unread_output().start_listening();
            let (_clients, sent) = send_to_blocked(&scene);
            let mut output = hub.take_output();
            let start = Instant::now();
            let outcome = hub.terminate();
            assert!(start.elapsed() >= Duration::from_secs(3), "{:?}", start.elapsed());
            assert!(start.elapsed() < Duration::from_millis(5500), "{:?}", start.elapsed());
            let (lost, delivered) = outcome.losses();
            assert_eq!(lost + delivered, sent, "{}", outcome.report());
            let mut received = Vec::new();
            output.read_to_end(&mut received).unwrap();
            assert_eq!(delivered, received.len(), "{}", outcome.report());
        }
    }

    #[test]
    fn an_output_that_is_read_within_the_grace_time_gets_everything() {
        let scene = Scene::new();
        let hub = scene.listen("./s").args(MERGE).args(["--grace", "1m"]).unread_output();
        let mut hub = hub.start_listening();
        let (clients, sent) = send_to_blocked(&scene);
        let mut output = hub.take_output();
        signal(&hub, Signal::TERM);
        scene.wait_for_removal();
        drop(clients);
        let mut received = Vec::new();
        output.read_to_end(&mut received).unwrap();
        hub.end().died_of(Signal::TERM).does_not_say("delivered");
        assert_eq!(received.len(), sent);
    }

    #[test]
    fn bytes_that_wait_for_a_failing_output_are_counted() {
        let scene = Scene::new();
        for args in [&MERGE[..], &HUB] {
            // A closed TCP connection with unread bytes is reset, which is an error. A closed
            // pipe is not.
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            set_socket_recv_buffer_size(&listener, 4096).unwrap();
            let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            set_socket_send_buffer_size(&theirs, 32 << 10).unwrap();
            let (mut output, _) = listener.accept().unwrap();
            let hub = scene.listen("./s").args(args).open_input().stdout(OwnedFd::from(theirs));
            let hub = hub.start_listening();
            let (_clients, sent) = send_to_blocked(&scene);
            output.read_exact(&mut [0; 1000]).unwrap();
            drop(output);
            let outcome = hub.end().code(5);
            let (lost, delivered) = outcome.losses();
            assert_eq!(lost + delivered, sent, "{}", outcome.report());
            scene.expect_empty();
        }
    }
}
