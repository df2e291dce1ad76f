//! Commands as targets of a relay.

use crate::harness::{Scene, data};
use std::fs;

const LSOCK: &str = env!("CARGO_BIN_EXE_lsock");

/// What makes the bytes pass through lsock, instead of the command having the socket.
const WAYS: [&[&str]; 2] = [&[], &["--buffer", "64K"]];

const VARIABLES: &str = "echo \"$LSOCK_NAME,$LSOCK_CONN,$LSOCK_PEER_PID,$LSOCK_PEER_UID,\
                         $LSOCK_PEER_GID,$PROTO,$IPCREMOTEPID,$IPCREMOTEEUID,$IPCREMOTEEGID,\
                         $IPCLOCALPATH\"";

#[test]
fn the_environment_tells_of_the_connection() {
    let scene = Scene::new();
    let (pid, uid) = (std::process::id(), rustix::process::geteuid().as_raw());
    let gid = rustix::process::getegid().as_raw();
    for way in WAYS {
        let relay = scene
            .lsock(["relay", "-v", "./s"])
            .args(way)
            .args(["--", "sh", "-c", VARIABLES])
            .start_listening();
        for number in 1..=3 {
            let told = String::from_utf8(scene.wire("./s").exchange(b"")).unwrap();
            let expected = format!("./s,{number},{pid},{uid},{gid},IPC,{pid},{uid},{gid},./s\n");
            assert_eq!(told, expected, "{way:?}");
        }
        drop(relay);
        // Nobody knows who is at the other end of a TCP port, whatever lsock was told; and the
        // variables of local sockets are not for it.
        let relay = scene
            .lsock(["relay", "-v", "tcp:127.0.0.1:0"])
            .args(way)
            .args(["--", "sh", "-c", VARIABLES]);
        let relay = relay.env("LSOCK_PEER_PID", "1").env("IPCREMOTEEUID", "0").env("PROTO", "IPC");
        let relay = relay.start_listening();
        let place = relay.place();
        let told = String::from_utf8(scene.wire(&place).exchange(b"")).unwrap();
        assert_eq!(told, format!("{place},1,,,,,,,,\n"), "{way:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_has_only_three_descriptors() {
    let scene = Scene::new();
    // What lsock itself has inherited does not reach the command either.
    let script = r#"exec 7</dev/null 9>/dev/null; exec "$0" relay -v ./s "$@""#;
    for way in WAYS {
        let shell = scene.shell(script).args(way);
        let _relay = shell.args(["--", "ls", "/proc/self/fd"]).start_listening();
        // Others are served meanwhile, and their descriptors are not to be seen.
        let _others: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
        for _ in 0..5 {
            // 3 is the folder that `ls` reads.
            assert_eq!(scene.wire("./s").exchange(b""), b"0\n1\n2\n3\n", "{way:?}");
        }
    }
}

/// Programs that use select(2) rely on a low limit, which lsock raises for itself.
#[test]
fn a_command_has_the_limit_of_descriptors_that_lsock_was_started_with() {
    let scene = Scene::new();
    let script = r#"ulimit -Sn 333; exec "$0" relay -v ./s "$@""#;
    for way in WAYS {
        let shell = scene.shell(script).args(way);
        let relay = shell.args(["exec:sh -c 'ulimit -Sn; ulimit -Hn'"]).start_listening();
        let told = String::from_utf8(scene.wire("./s").exchange(b"")).unwrap();
        let (soft, hard) = told.split_once('\n').unwrap();
        assert_eq!(soft, "333", "{way:?}");
        assert_ne!(hard, "333\n", "{way:?}: only the soft limit was lowered");
        drop(relay);
    }
}

#[test]
fn words_of_exec_are_split_and_no_shell_is_run() {
    let scene = Scene::new();
    let target = r#"exec:printf "%s|" 'a b' "$HOME" c\ d * ';'"#;
    let _relay = scene.relay("./s", target).start_listening();
    assert_eq!(scene.wire("./s").exchange(b""), b"a b|$HOME|c d|*|;|");
}

#[test]
fn with_once_the_status_of_the_command_is_that_of_the_relay() {
    let scene = Scene::new();
    for way in WAYS {
        for status in [0, 1, 7, 255] {
            let target = format!("exec:sh -c 'exit {status}'");
            let relay = scene.relay("./s", &target).arg("--once").args(way).start_listening();
            scene.wire("./s").expect_echo("");
            relay.end().code(status).output("");
            scene.expect_empty();
        }
        let args = ["--once", "--", "sh", "-c", "kill -KILL $$"];
        let relay = scene.lsock(["relay", "-v", "./s"]).args(way).args(args).start_listening();
        scene.wire("./s").exchange(b"");
        relay.end().code(137);
        // The command is the server of stdin and stdout, too.
        let relay = scene
            .lsock(["relay", "-v", "-"])
            .args(way)
            .args(["--", "sh", "-c", "cat; exit 9"])
            .input("hi");
        relay.run().code(9).output("hi");
    }
}

#[test]
fn a_command_that_cannot_be_run_is_the_bad_luck_of_the_client() {
    let scene = Scene::new();
    fs::write(scene.path("no-program"), "no program").unwrap();
    for (program, reason) in [("no-such-program", "no such file"), ("./no-program", "permission")] {
        for way in WAYS {
            let target = format!("exec:{program}");
            let relay = scene.relay("./s", &target).args(way).start_listening();
            for number in 1..=3 {
                assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
                relay.wait_for_message(&format!("warning: connection {number}: cannot run"));
            }
            relay.wait_for_message(reason);
            relay.kill();
            let relay = scene.relay("./s", &target).arg("--once").args(way).start_listening();
            assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
            relay.end().code(1).says(program).says(reason);
        }
    }
}

#[test]
fn commands_serve_all_clients_at_once() {
    let scene = Scene::new();
    for way in WAYS {
        let relay =
            scene.lsock(["relay", "-v", "./s"]).args(way).args(["--", "cat"]).start_listening();
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
fn what_a_command_writes_to_stderr_is_to_be_seen() {
    let scene = Scene::new();
    let relay = scene.relay("./s", "exec:sh -c 'echo here I am >&2'").start_listening();
    scene.wire("./s").expect_echo("");
    relay.wait_for_message("here I am\n");
}

/// A silent command, and a client that goes: both limits end the command, too.
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
