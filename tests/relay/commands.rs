//! Commands as targets of a relay.

use crate::{
    commands::{MODES, SPOILED_PROGRAM, make_program},
    harness::{Scene, data},
};
use std::{io::Read, net::TcpStream};

const VARIABLES: &str = "echo \"$LSOCK_NAME,$LSOCK_CONN,$LSOCK_PEER_PID,$LSOCK_PEER_UID,\
                         $LSOCK_PEER_GID,$PROTO,$IPCREMOTEPID,$IPCREMOTEEUID,$IPCREMOTEEGID,\
                         $IPCLOCALPATH\"";

#[test]
fn the_environment_describes_the_connection() {
    let scene = Scene::new();
    let (pid, uid) = (std::process::id(), rustix::process::geteuid().as_raw());
    let gid = rustix::process::getegid().as_raw();
    for mode in MODES {
        let relay = scene
            .lsock(["relay", "-v", "./s"])
            .args(mode)
            .args(["--", "sh", "-c", VARIABLES])
            .start_listening();
        for number in 1..=3 {
            let output = String::from_utf8(scene.wire("./s").exchange(b"")).unwrap();
            let expected = format!("./s,{number},{pid},{uid},{gid},IPC,{pid},{uid},{gid},./s\n");
            assert_eq!(output, expected, "{mode:?}");
        }
        drop(relay);
        // The process of a TCP client is unknown, whatever lsock has inherited, and the
        // variables of local sockets do not apply.
        let relay = scene
            .lsock(["relay", "-v", "tcp:127.0.0.1:0"])
            .args(mode)
            .args(["--", "sh", "-c", VARIABLES]);
        let relay = relay.env("LSOCK_PEER_PID", "1").env("IPCREMOTEEUID", "0").env("PROTO", "IPC");
        let relay = relay.start_listening();
        let name = relay.listen_name();
        let output = String::from_utf8(scene.wire(&name).exchange(b"")).unwrap();
        assert_eq!(output, format!("{name},1,,,,TCP,,,,\n"), "{mode:?}");
    }
}

#[test]
fn a_command_gets_the_address_of_a_tcp_client() {
    let scene = Scene::new();
    let script = "echo $PROTO $TCPREMOTEIP $TCPREMOTEPORT";
    for mode in MODES {
        let relay = scene.lsock(["relay", "-v", "tcp:127.0.0.1:0"]).args(mode);
        let relay = relay.args(["--", "sh", "-c", script]).start_listening();
        let name = relay.listen_name();
        let mut client = TcpStream::connect(name.strip_prefix("tcp:").unwrap()).unwrap();
        let port = client.local_addr().unwrap().port();
        let mut output = String::new();
        client.read_to_string(&mut output).unwrap();
        assert_eq!(output, format!("TCP 127.0.0.1 {port}\n"), "{mode:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_has_three_descriptors() {
    let scene = Scene::new();
    let script = r#"exec 7</dev/null 9>/dev/null; exec "$0" relay -v ./s "$@""#;
    for mode in MODES {
        let shell = scene.shell(script).args(mode);
        let _relay = shell.args(["--", "ls", "/proc/self/fd"]).start_listening();
        // Other connections are open.
        let _others: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
        for _ in 0..5 {
            // `ls` opens the folder itself as descriptor 3.
            assert_eq!(scene.wire("./s").exchange(b""), b"0\n1\n2\n3\n", "{mode:?}");
        }
    }
}

/// lsock raises the limit for itself, but select(2) fails in programs with a high limit.
#[test]
fn a_command_inherits_the_original_limit_of_descriptors() {
    let scene = Scene::new();
    for mode in MODES {
        let shell = scene.limited("-Sn 333", ["relay", "-v", "./s"]).args(mode);
        let relay = shell.args(["exec:sh -c 'ulimit -Sn; ulimit -Hn'"]).start_listening();
        let output = String::from_utf8(scene.wire("./s").exchange(b"")).unwrap();
        let (soft, hard) = output.split_once('\n').unwrap();
        assert_eq!(soft, "333", "{mode:?}");
        assert_ne!(hard, "333\n", "{mode:?}: only the soft limit was lowered");
        drop(relay);
    }
}

#[test]
fn exec_splits_words_and_runs_no_shell() {
    let scene = Scene::new();
    let target = r#"exec:printf "%s|" 'a b' "$HOME" c\ d '*' ';'"#;
    let _relay = scene.relay("./s", target).start_listening();
    assert_eq!(scene.wire("./s").exchange(b""), b"a b|$HOME|c d|*|;|");
}

#[test]
fn with_once_the_status_of_the_command_is_passed_on() {
    let scene = Scene::new();
    for mode in MODES {
        for status in [0, 1, 7, 255] {
            let target = format!("exec:sh -c 'exit {status}'");
            let relay = scene.relay("./s", &target).arg("--once").args(mode).start_listening();
            scene.wire("./s").expect_echo("");
            relay.end().code(status).output("");
            scene.expect_empty();
        }
        let args = ["--once", "--", "sh", "-c", "kill -KILL $$"];
        let relay = scene.lsock(["relay", "-v", "./s"]).args(mode).args(args).start_listening();
        scene.wire("./s").exchange(b"");
        relay.end().code(137);
        let relay = scene
            .lsock(["relay", "-v", "-"])
            .args(mode)
            .args(["--", "sh", "-c", "cat; exit 9"])
            .input("hi");
        relay.run().code(9).output("hi");
    }
}

#[test]
fn a_command_that_stops_reading_standard_input_is_no_loss() {
    let scene = Scene::new();
    let relay = scene.lsock(["relay", "-", "exec:head -c 5"]);
    relay.input(data(5_000_000)).run().silent().output(data(5));
}

#[test]
fn a_command_that_cannot_be_run_ends_the_connection_of_the_client() {
    let scene = Scene::new();
    for (spoil, reason) in SPOILED_PROGRAM {
        for mode in MODES {
            make_program(&scene);
            let relay = scene.relay("./s", "exec:./program").args(mode).start_listening();
            spoil(&scene.path("program"));
            for number in 1..=3 {
                assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
                relay.wait_for_message(&format!("warning: connection {number}: cannot run"));
            }
            relay.wait_for_message(reason);
            relay.kill();
            make_program(&scene);
            let relay = scene.relay("./s", "exec:./program").arg("--once").args(mode);
            let relay = relay.start_listening();
            spoil(&scene.path("program"));
            assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
            relay.end().code(1).says("./program").says(reason);
        }
    }
}

#[test]
fn all_clients_are_served_at_once() {
    let scene = Scene::new();
    for mode in MODES {
        let relay =
            scene.lsock(["relay", "-v", "./s"]).args(mode).args(["--", "cat"]).start_listening();
        let mut clients: Vec<_> = (0..20).map(|_| scene.wire("./s")).collect();
        for (client, byte) in clients.iter_mut().rev().zip(0_u8..) {
            client.send([byte]);
            client.expect([byte]);
        }
        let bytes = data(500_000);
        for client in &mut clients {
            client.expect_echo(&bytes);
        }
        relay.wait_for_message("connection 20: command ended with 0");
        drop(relay);
    }
}

#[test]
fn a_command_inherits_stderr() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "exec:sh -c 'echo here I am >&2'").start_listening();
    scene.wire("./s").expect_echo("");
    relay.wait_for_message("here I am\n");
}

#[test]
fn a_command_ends_with_its_connection() {
    let scene = Scene::new();
    let args = ["--idle-timeout", "200ms", "--once", "--", "sleep", "600"];
    let relay = scene.lsock(["relay", "-v", "./s"]).args(args).start_listening();
    scene.wire("./s").expect_rest("");
    relay.end().code(4).says("nothing moved for 200ms");
    let relay =
        scene.relay("./s", "exec:cat").args(["--buffer", "64K", "--once"]).start_listening();
    drop(scene.wire("./s"));
    relay.end().ok();
}
