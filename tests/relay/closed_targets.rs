//! TCP peers that close both directions while nothing is sent to them.

use crate::harness::{Cmd, Running, Scene, has};

/// A relay from stdin, at which nobody types.
fn relay(scene: &Scene, target: &str) -> Cmd {
    scene.lsock(["relay", "-", target]).open_input()
}

#[test]
fn a_reset_target_ends_a_relay_with_an_idle_stdin() {
    let scene = Scene::new();
    for ends_first in [false, true] {
        let (host, target) = scene.host("tcp:127.0.0.1:0");
        let relay = relay(&scene, &target).start();
        let mut server = host.accept();
        server.send("bye");
        if ends_first {
            server.end();
            relay.wait_for_end_of_output("bye");
        } else {
            relay.wait_for_output("bye");
        }
        server.reset();
        relay.end().silent().output("bye");
    }
}

/// Starts a TCP server whose system discards a closed connection after a second instead of a
/// minute. It sends `bye` to one client and then runs `end`. Returns its address.
#[cfg(target_os = "linux")]
fn server_with_a_short_fin_timeout(scene: &Scene, end: &str) -> (Running, String) {
    const SCRIPT: &str = "
import socket, sys
s = socket.create_server(('127.0.0.1', 0))
print('listening on tcp:127.0.0.1:%d ' % s.getsockname()[1], file=sys.stderr, flush=True)
c, _ = s.accept()
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 1)
c.sendall(b'bye')
";
    let script = format!("{SCRIPT}{end}\nsys.stdin.read()");
    let server = scene.command("python3").args(["-c", &script]).open_input().start();
    let name = server.listen_name();
    (server, name)
}

/// The end of the target's direction does not show that it has closed: the system probes it.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_target_ends_a_relay_with_an_idle_stdin() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let (_server, target) = server_with_a_short_fin_timeout(&scene, "c.close()");
    relay(&scene, &target).start().end().silent().output("bye");
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_tcp_client_ends_its_connection_while_the_target_is_silent() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.relay("tcp:127.0.0.1:0", "./t").start_listening();
    let address = relay.listen_name();
    let script = format!(
        "
import socket
c = socket.create_connection(('127.0.0.1', {}))
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 1)
c.sendall(b'bye')
",
        address.rsplit(':').next().unwrap()
    );
    scene.command("python3").args(["-c", &script]).run().ok();
    let mut target = host.accept();
    target.expect_rest("bye");
    relay.wait_for_message("connection 1: 3 bytes to the target, 0 bytes back in");
}

/// Time is the subject: longer than the interval of the probes.
#[cfg(target_os = "linux")]
#[test]
fn a_target_that_has_half_closed_is_probed_and_not_cut_off() {
    if !has("python3") {
        return;
    }
    let scene = Scene::new();
    let end = "
c.shutdown(socket.SHUT_WR)
print('received ' + str(c.recv(100)), file=sys.stderr, flush=True)";
    let (server, target) = server_with_a_short_fin_timeout(&scene, end);
    let mut relay = relay(&scene, &target).start();
    relay.wait_for_end_of_output("bye");
    std::thread::sleep(std::time::Duration::from_secs(12));
    relay.send("late");
    server.wait_for_message("received b'late'");
    relay.close_input();
    relay.end().silent();
}
