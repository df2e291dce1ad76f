//! Commands as endpoints.

use crate::harness::{Scene, data, has, signal, wait_until};
use rustix::process::Signal;
use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixListener,
};

const NO_ARGS: [&str; 0] = [];

/// What makes the bytes pass through lsock, instead of the command having the socket.
const PUMPED: [&str; 2] = ["--buffer", "64K"];

/// Both ways in which a command can be joined.
const WAYS: [&[&str]; 2] = [&[], &PUMPED];

#[test]
fn a_command_serves_the_only_client() {
    let scene = Scene::new();
    let bytes = data(3_000_001);
    for way in WAYS {
        let server = scene.listen("./s", way).args(["--", "cat"]).start_listening();
        scene.connect("./s", NO_ARGS).input(bytes.clone()).run().silent().output(&bytes);
        server.end().ok().output("");
        assert_eq!(scene.files(), [""; 0]);
    }
}

#[test]
fn a_command_is_the_client() {
    let scene = Scene::new();
    for way in WAYS {
        let server = scene.listen("./s", NO_ARGS).input("one\ntwo\n").start_listening();
        let script = "read line; echo got $line; cat";
        scene.connect("./s", way).args(["--", "sh", "-c", script]).run().silent().output("");
        server.end().ok().output("got one\ntwo\n");
    }
}

#[test]
fn two_commands_talk_to_each_other() {
    let scene = Scene::new();
    let server = scene
        .listen("./s", ["--", "sh", "-c", "read x; echo \"<$x>\"; cat >out"])
        .start_listening();
    let script = "echo a; read x; echo \"$x\" >in; echo b";
    scene.connect("./s", ["--", "sh", "-c", script]).run().silent();
    server.end().ok();
    assert_eq!(std::fs::read_to_string(scene.path("in")).unwrap(), "<a>\n");
    assert_eq!(std::fs::read_to_string(scene.path("out")).unwrap(), "b\n");
}

#[test]
fn the_status_of_a_command_is_passed_on() {
    let scene = Scene::new();
    for way in WAYS {
        for status in [0, 1, 7, 255] {
            let exit = format!("exit {status}");
            let args = ["--", "sh", "-c", &exit];
            let server = scene.listen("./s", way).args(args).start_listening();
            scene.connect("./s", NO_ARGS).run().output("");
            server.end().code(status);

            let listener = UnixListener::bind(scene.path("s")).unwrap();
            let client = scene.connect("./s", way).args(args).start();
            drop(listener.accept().unwrap());
            client.end().code(status);
            std::fs::remove_file(scene.path("s")).unwrap();
        }
    }
}

#[test]
fn a_killed_command_counts_as_in_a_shell() {
    let scene = Scene::new();
    let args = ["--", "sh", "-c", "kill -KILL $$"];
    for way in WAYS {
        let server = scene.listen("./s", way).args(args).start_listening();
        scene.connect("./s", NO_ARGS).run().output("");
        server.end().code(137);
    }
    // lsock has become the command here.
    let _server = scene.listen("./s", NO_ARGS).start_listening();
    scene.connect("./s", args).run().died_of(Signal::KILL);
}

#[test]
fn a_command_that_cannot_be_run() {
    let scene = Scene::new();
    std::fs::write(scene.path("no-program"), "no program").unwrap();
    for (program, reason) in [("no-such-program", "no such file"), ("./no-program", "permission")] {
        for way in WAYS {
            let server = scene.listen("./s", way).args(["--", program]).start_listening();
            scene.connect("./s", NO_ARGS).run().output("");
            server.end().code(1).says(program).says(reason);
            let server = scene.listen("./s", NO_ARGS).start_listening();
            scene.connect("./s", way).args(["--", program]).run().fails(1).says(program);
            drop(server);
        }
        // With -k it is the client's bad luck.
        let server = scene.listen("./s", ["-k", "--", program]).start_listening();
        scene.connect("./s", NO_ARGS).run().output("");
        scene.connect("./s", NO_ARGS).run().output("");
        server.wait_for_message("warning: connection 2: cannot run");
    }
}

#[test]
fn with_k_all_are_served_at_once() {
    let scene = Scene::new();
    for way in WAYS {
        let server = scene.listen("./s", ["-k"]).args(way).args(["--", "cat"]).start_listening();
        let mut clients: Vec<_> = (0..10).map(|_| scene.dial("s")).collect();
        let mut echo = [0];
        for (client, byte) in clients.iter_mut().rev().zip(0..) {
            client.write_all(&[byte]).unwrap();
            client.read_exact(&mut echo).unwrap();
            assert_eq!(echo[0], byte);
        }
        drop(clients);
        for number in 1..=10 {
            server.wait_for_message(&format!("connection {number}: command ended with 0"));
        }
    }
}

#[test]
fn the_environment_tells_of_the_peer() {
    let scene = Scene::new();
    let variables = "$LSOCK_NAME $LSOCK_CONN $LSOCK_PEER_PID $LSOCK_PEER_UID $LSOCK_PEER_GID \
                     $PROTO $IPCREMOTEPID $IPCREMOTEEUID $IPCREMOTEEGID $IPCLOCALPATH";
    let script = format!("echo {variables}");
    let ids = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    for way in WAYS {
        let args = ["--", "sh", "-c", &script];
        let server = scene.listen("./s", ["-k"]).args(way).args(args).start_listening();
        for number in 1..=3 {
            let client = scene.connect("./s", NO_ARGS).start();
            let pid = client.pid();
            let text = format!("./s {number} {pid} {ids} {gid} IPC {pid} {ids} {gid} ./s\n");
            client.end().silent().output(text);
        }
        drop(server);
        // Seen from a client the peer is the server.
        let server = scene.listen("./s", NO_ARGS).start_listening();
        let pid = server.pid();
        // What lsock was told itself is not true of this connection.
        let client = scene.connect("./s", way).args(args).env("LSOCK_PEER_PID", "1");
        client.run().silent();
        let text = format!("./s 1 {pid} {ids} {gid} IPC {pid} {ids} {gid} ./s\n");
        server.end().ok().output(text);
    }
}

/// What the shell that starts lsock has open, and what lsock has, stays out.
#[cfg(target_os = "linux")]
#[test]
fn a_command_has_only_three_descriptors() {
    let scene = Scene::new();
    // ls has one for the folder itself.
    let only = "0\n1\n2\n3\n";
    let script = r#"exec 3>&1 5</dev/null 7>/dev/null 9</dev/null; exec "$0" "$@""#;
    let lsock = || scene.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_lsock")]);
    for way in WAYS {
        for keep in [&[][..], &["-k"]] {
            let server = lsock().args(["listen", "-v", "./s"]).args(way).args(keep);
            let server = server.args(["--", "ls", "/proc/self/fd"]).start_listening();
            // Others are open meanwhile.
            let _other = (!keep.is_empty()).then(|| scene.dial("s"));
            scene.connect("./s", NO_ARGS).run().silent().output(only);
            drop(server);
        }
        let server = scene.listen("./s", NO_ARGS).start_listening();
        let client = lsock().args(["connect", "./s"]).args(way);
        client.args(["--", "ls", "/proc/self/fd"]).run().ok();
        server.end().ok().output(only);
    }
}

/// A command gets signals as any program does: none is ignored or blocked.
#[cfg(target_os = "linux")]
#[test]
fn a_command_has_the_usual_signals() {
    let scene = Scene::new();
    let args = ["--", "grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"];
    // As in a program that is started here without lsock.
    let usual = scene.command("grep").args(&args[2..]).run().stdout;
    for way in WAYS {
        let server = scene.listen("./s", way).args(args).start_listening();
        scene.connect("./s", NO_ARGS).run().silent().output(&usual);
        server.end().ok();
        let server = scene.listen("./s", NO_ARGS).start_listening();
        scene.connect("./s", way).args(args).run().silent();
        server.end().ok().output(&usual);
    }
}

#[test]
fn stderr_is_inherited() {
    let scene = Scene::new();
    for way in WAYS {
        let server =
            scene.listen("./s", way).args(["--", "sh", "-c", "echo oops >&2"]).start_listening();
        scene.connect("./s", NO_ARGS).run().silent().output("");
        server.end().ok().says("oops\n").output("");
    }
}

/// With the end of the command the connection ends, whatever the client does.
#[test]
fn the_end_of_a_command_is_the_end_of_its_connection() {
    let scene = Scene::new();
    for way in WAYS {
        let server = scene.listen("./s", way).args(["--", "echo", "bye"]).start_listening();
        let client = scene.connect("./s", NO_ARGS).open_input().start();
        client.end().silent().output("bye\n");
        server.end().ok();
    }
}

#[test]
fn a_command_that_does_not_read_is_no_failure() {
    let scene = Scene::new();
    for way in WAYS {
        let server = scene.listen("./s", way).args(["--", "true"]).start_listening();
        let mut client = scene.dial("s");
        while client.write_all(&[0; 10_000]).is_ok() {}
        drop(client);
        server.end().code(0);
    }
}

#[test]
fn a_silent_command_is_ended_by_idle_timeout() {
    let scene = Scene::new();
    let args = ["--idle-timeout", "300ms", "--", "sleep", "600"];
    let server = scene.listen("./s", args).start_listening();
    let client = scene.connect("./s", NO_ARGS).open_input().start();
    server.end().code(4).says("nothing moved for 300ms");
    client.end().silent();
    // With -k the next one is served.
    let server = scene.listen("./s", ["-k"]).args(args).start_listening();
    for number in 1..=2 {
        scene.connect("./s", NO_ARGS).open_input().run().silent();
        server.wait_for_message(&format!("warning: connection {number}: nothing moved"));
    }
    drop(server);
    let server = scene.listen("./s", NO_ARGS).open_input().start_listening();
    scene.connect("./s", args).run().fails(4);
    server.end().ok();
}

#[test]
fn max_conns_lets_the_others_wait() {
    let scene = Scene::new();
    let args = ["-k", "--max-conns", "2", "--", "cat"];
    let server = scene.listen("./s", args).start_listening();
    let mut echo = [0];
    let mut clients: Vec<_> = (0..5).map(|_| scene.dial("s")).collect();
    for client in &mut clients {
        client.write_all(b"x").unwrap();
    }
    for client in &mut clients[..2] {
        client.read_exact(&mut echo).unwrap();
    }
    // The ones that wait are served as places come free, and not before.
    for client in clients {
        let mut client = client;
        client.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert!(rest.len() <= 1);
    }
    for number in 1..=5 {
        server.wait_for_message(&format!("connection {number}: command ended"));
    }
    let log = String::from_utf8(server.stderr.so_far()).unwrap();
    let (mut served, mut most) = (0, 0);
    for line in log.lines() {
        served += i32::from(line.contains(" from pid "));
        served -= i32::from(line.contains("command ended"));
        most = most.max(served);
    }
    assert_eq!((served, most), (0, 2), "{log}");
}

#[test]
fn max_conns_per_user_refuses_further_ones() {
    let scene = Scene::new();
    let args = ["-k", "--max-conns-per-user", "1", "--", "cat"];
    let server = scene.listen("./s", args).start_listening();
    let mut first = scene.dial("s");
    first.write_all(b"x").unwrap();
    first.read_exact(&mut [0]).unwrap();
    scene.connect("./s", NO_ARGS).run().output("");
    server.wait_for_message("warning: refused a client of a user who has enough connections: pid ");
    first.write_all(b"y").unwrap();
    first.read_exact(&mut [0]).unwrap();
    drop(first);
    wait_until("the place is free", || {
        let client = scene.connect("./s", NO_ARGS).input("z").run();
        client.stdout == b"z"
    });
}

#[test]
fn limits_need_k_and_a_command() {
    let scene = Scene::new();
    for args in [&["-k"][..], &["--", "cat"], &[]] {
        for option in ["--max-conns=1", "--max-conns-per-user=1"] {
            scene.lsock(["listen", "./s", option]).args(args).run().fails(2);
        }
    }
    scene.lsock(["listen", "./s", "-k", "--max-conns=0", "--", "cat"]).run().fails(2);
    assert!(scene.files().is_empty());
}

#[test]
fn eof_close_holds_for_commands_too() {
    let scene = Scene::new();
    let server = scene.listen("./s", NO_ARGS).open_input().start_listening();
    let args = ["--eof", "close", "--", "echo", "bye"];
    scene.connect("./s", args).run().silent();
    server.end().ok().output("bye\n");
}

/// A command that goes on in the background keeps the connection, and lsock does not wait.
#[test]
fn what_a_command_leaves_behind_keeps_the_connection() {
    let scene = Scene::new();
    // A shell takes the input of what it runs in the background away.
    let script = "exec 3<&0; (read x <&3; echo got $x) & exit 3";
    let server = scene.listen("./s", ["--", "sh", "-c", script]).start_listening();
    let mut client = scene.dial("s");
    wait_until("the name has gone", || scene.files().is_empty());
    client.write_all(b"late\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "got late\n");
    server.end().code(3);
}

#[test]
fn a_terminated_client_that_became_its_command() {
    let scene = Scene::new();
    let mut server = scene.listen("./s", NO_ARGS).open_input().start_listening();
    let client = scene.connect("./s", ["--", "cat"]).start();
    server.send("x");
    server.wait_for_output("x");
    signal(&client, Signal::TERM);
    client.end().died_of(Signal::TERM);
    server.end().ok();
}

/// As some service managers start their services. The kernel discards the statuses of
/// children then, unless the process does something about it.
#[test]
fn a_status_is_known_where_sigchld_was_ignored_at_the_start() {
    if !has("perl") {
        return;
    }
    let scene = Scene::new();
    let ignoring = || {
        let script = r#"$SIG{CHLD} = "IGNORE"; exec @ARGV"#;
        scene.command("perl").args(["-e", script, env!("CARGO_BIN_EXE_lsock")])
    };
    // The command itself has the default action: its own commands have statuses as well.
    let script = "grep -q '^SigIgn:.*[13579bdf]....$' /proc/self/status && exit 9; cat; exit 7";
    let command = ["--", "sh", "-c", if cfg!(target_os = "linux") { script } else { "exit 7" }];
    for args in [&[][..], &["--idle-timeout", "10m"]] {
        let server = ignoring().args(["listen", "-v", "./s"]).args(args).args(command);
        let server = server.start_listening();
        drop(scene.wire("./s"));
        server.end().code(7);

        let (host, _) = scene.host("./s");
        let client = ignoring().args(["connect", "./s"]).args(args).args(command).start();
        drop(host.accept());
        client.end().code(7);
        drop(host);
        std::fs::remove_file(scene.path("s")).unwrap();

        for [command_line, more] in [["listen", "-k"], ["relay", "-v"], ["relay", "--once"]] {
            let server = ignoring().args([command_line, "-v", "./s", more]).args(args);
            let server = server.args(command).start_listening();
            drop(scene.wire("./s"));
            if more == "--once" {
                server.end().code(7);
            } else {
                server.wait_for_message("command ended with 7");
                signal(&server, Signal::TERM);
                server.end().died_of(Signal::TERM);
            }
        }
    }
}
