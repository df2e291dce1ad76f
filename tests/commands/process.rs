//! What a command inherits: environment, descriptors, signals and stderr.

use super::MODES;
#[cfg(target_os = "linux")]
use crate::harness::Outcome;
use crate::harness::{NOBODY, Scene};
use rustix::process::{getegid, geteuid};

#[test]
fn the_environment_describes_the_connection() {
    let scene = Scene::new();
    let variables = "$LSOCK_NAME $LSOCK_CONN $LSOCK_PEER_PID $LSOCK_PEER_UID $LSOCK_PEER_GID \
                     $PROTO $IPCREMOTEPID $IPCREMOTEEUID $IPCREMOTEEGID $IPCLOCALPATH";
    let script = format!("echo {variables}");
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    let expected = |number: u32, pid: u32| {
        format!("./s {number} {pid} {uid} {gid} IPC {pid} {uid} {gid} ./s\n")
    };
    for mode in MODES {
        let args = ["--", "sh", "-c", &script];
        let server = scene.listen("./s").arg("-k").args(mode).args(args).start_listening();
        for number in 1..=3 {
            let client = scene.connect("./s").start();
            let pid = client.pid();
            client.end().silent().output(expected(number, pid));
        }
        drop(server);
        // The peer of a client is the server, whatever lsock has inherited.
        let server = scene.listen("./s").start_listening();
        let pid = server.pid();
        let client = scene.connect("./s").args(mode).args(args).env("LSOCK_PEER_PID", "1");
        client.run().silent();
        server.end().ok().output(expected(1, pid));
    }
}

#[test]
fn a_user_without_a_name_has_no_variable() {
    use crate::harness::is_root;
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    for mode in MODES {
        let server = scene.listen("./s").args(["-k", "--mode", "666"]).args(mode);
        let script = "echo ${LSOCK_PEER_USER-none} $LSOCK_PEER_UID";
        let server = server.env("LSOCK_PEER_USER", "stale").args(["--", "sh", "-c", script]);
        let _server = server.start_listening();
        for (user, expected) in [(4004, "none 4004\n"), (NOBODY, "nobody 65534\n")] {
            let client = scene.command(&lsock).args(["connect", "./s"]).user(user);
            client.run().silent().output(expected);
        }
    }
}

/// Variables of a program around lsock, which describe another connection or process.
const STALE: [&str; 14] = [
    "LSOCK_PEER_PID",
    "LSOCK_PEER_USER",
    "LSOCK_PEER_SID",
    "LSOCK_PEER_UID",
    "PROTO",
    "IPCREMOTEPATH",
    "IPCREMOTEINFO",
    "IPCLOCALUID",
    "TCPREMOTEIP",
    "TCPREMOTEHOST",
    "TCPLOCALPORT",
    "UNIXREMOTEEUID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
];

/// A command that prints its variables.
const ENV: [&str; 2] = ["--", "env"];

#[track_caller]
fn expect_no_stale_variables(environment: &str) {
    assert!(environment.contains("LSOCK_CONN=1\n"), "{environment}");
    assert!(!environment.contains("stale"), "{environment}");
}

#[test]
fn no_variable_describes_another_connection() {
    let scene = Scene::new();
    let lsock = |args: &[&str]| {
        let lsock = scene.lsock(args).env("LSOCK_LOG", "info").env("NOTIFY_SOCKET", "stale");
        STALE.iter().fold(lsock, |lsock, variable| lsock.env(variable, "stale"))
    };
    for mode in MODES {
        for args in [&["listen", "./s"][..], &["listen", "./s", "-k"], &["relay", "./s"]] {
            let server = lsock(args).args(mode).args(ENV).start_listening();
            let outcome = scene.connect("./s").run();
            expect_no_stale_variables(outcome.stdout_text());
            // A variable that describes no connection stays.
            assert!(outcome.stdout_text().contains("LSOCK_LOG=info\n"), "{}", outcome.report());
            server.kill();
            let _ = std::fs::remove_file(scene.path("s"));
        }
        let relay = lsock(&["relay", "tcp:127.0.0.1:0"]).args(mode).args(ENV).start_listening();
        let mut wire = scene.wire(&relay.listen_name());
        expect_no_stale_variables(&String::from_utf8(wire.rest()).unwrap());
        let server = scene.listen("./s").start_listening();
        let sh = ["--", "sh", "-c", "env | grep -v NOTIFY_SOCKET; echo \"$NOTIFY_SOCKET\" >&2"];
        // A client does not report readiness: its command may be what a service manager started.
        lsock(&["connect", "./s"]).args(mode).args(sh).run().ok().says("stale");
        expect_no_stale_variables(server.end().ok().stdout_text());
    }
}

/// Descriptors of lsock, and those that it has inherited, are closed.
#[cfg(target_os = "linux")]
#[test]
fn a_command_has_three_descriptors() {
    let scene = Scene::new();
    // `ls` opens the folder itself as descriptor 3.
    let only = "0\n1\n2\n3\n";
    let script = r#"exec 3>&1 5</dev/null 7>/dev/null 9</dev/null; exec "$0" "$@""#;
    let lsock = |args: &[&str]| scene.shell(script).args(args);
    let command = ["--", "ls", "/proc/self/fd"];
    for mode in MODES {
        for keep_open in [&[][..], &["-k"]] {
            let server = lsock(&["listen", "-v", "./s"]).args(mode).args(keep_open);
            let _server = server.args(command).start_listening();
            // A second connection is open.
            let _other = (!keep_open.is_empty()).then(|| scene.wire("./s"));
            scene.connect("./s").run().silent().output(only);
        }
        let server = scene.listen("./s").start_listening();
        lsock(&["connect", "./s"]).args(mode).args(command).run().ok();
        server.end().ok().output(only);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_signal_of_a_command_is_ignored_or_blocked() {
    let scene = Scene::new();
    let args = ["--", "grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"];
    let usual = signal_sets(&scene.command("grep").args(&args[2..]).run());
    for mode in MODES {
        let server = scene.listen("./s").args(mode).args(args).start_listening();
        assert_eq!(signal_sets(&scene.connect("./s").run().silent()), usual, "{mode:?}");
        server.end().ok();
        let server = scene.listen("./s").start_listening();
        scene.connect("./s").args(mode).args(args).run().silent();
        assert_eq!(signal_sets(&server.end().ok()), usual, "{mode:?}");
    }
}

/// Returns the two sets of signals, without those that are reserved for the threads of glibc:
/// `posix_spawn(3)` ignores them in its child, and fork(2) does not.
#[cfg(target_os = "linux")]
fn signal_sets(outcome: &Outcome) -> [u64; 2] {
    const RESERVED: u64 = 0b11 << 31;
    let text = str::from_utf8(&outcome.stdout).unwrap();
    let sets: Vec<u64> = text
        .split_whitespace()
        .filter(|word| !word.ends_with(':'))
        .map(|set| u64::from_str_radix(set, 16).unwrap() & !RESERVED)
        .collect();
    sets.try_into().unwrap()
}

#[test]
fn a_command_inherits_stderr() {
    let scene = Scene::new();
    for mode in MODES {
        let command = ["--", "sh", "-c", "echo oops >&2"];
        let server = scene.listen("./s").args(mode).args(command).start_listening();
        scene.connect("./s").run().silent().output("");
        server.end().ok().says("oops\n").output("");
    }
}
