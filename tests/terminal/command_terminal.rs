//! `--pty`: commands at terminals of their own.

use crate::harness::{Cmd, Pty, Scene, Wire, data};
use std::{fs, thread};

/// A shell that runs the script at a terminal and waits for the one client.
fn at_terminal(scene: &Scene, script: &str) -> Cmd {
    scene.listen("./s").args(["--pty", "--", "sh", "-c", script])
}

/// The size of a terminal where lsock has none, and what else a command sees.
const LOOK: &str = "tty; stty size; test -t 2 && echo terminal >&2; \
                    test $(ps -o sid= -p $$) = $$ && echo leader; : </dev/tty && echo controlled";

#[track_caller]
fn expect_look(seen: &str) {
    let Some((path, rest)) = seen.split_once("\r\n") else { panic!("{seen:?}") };
    assert!(path.starts_with("/dev/pts/"), "{seen:?}");
    assert_eq!(rest, "24 80\r\nterminal\r\nleader\r\ncontrolled\r\n");
}

#[test]
fn a_command_has_a_terminal_and_a_session_of_its_own() {
    let scene = Scene::new();
    let command = ["--pty", "--", "sh", "-c", LOOK];
    let server = at_terminal(&scene, LOOK).start_listening();
    expect_look(scene.connect("./s").open_input().start().end().silent().stdout_text());
    server.end().ok().output("");

    let server = scene.listen("./s").open_input().start_listening();
    scene.connect("./s").args(command).run().silent().output("");
    expect_look(server.end().ok().stdout_text());

    let server = scene.lsock(["relay", "-v", "--once", "./s"]).args(command).start_listening();
    expect_look(scene.connect("./s").open_input().start().end().silent().stdout_text());
    server.end().ok().output("");

    let relay = scene.lsock(["relay", "-"]).args(command).open_input();
    expect_look(relay.start().end().silent().stdout_text());
}

#[test]
fn the_status_is_that_of_the_command() {
    let scene = Scene::new();
    let server = at_terminal(&scene, "echo done; exit 7").start_listening();
    scene.connect("./s").open_input().start().end().silent().output("done\r\n");
    server.end().code(7);
}

/// As cat does: its terminal is closed a moment before it ends.
#[test]
fn a_command_that_closes_its_terminal_before_it_ends_is_not_hung_up() {
    let scene = Scene::new();
    let script = "echo done; exec <&- >&- 2>&-; sleep 0.2; exit 7";
    let server = at_terminal(&scene, script).start_listening();
    scene.connect("./s").open_input().start().end().silent().output("done\r\n");
    server.end().code(7);
}

#[test]
fn the_terminal_is_as_large_as_ours_and_follows_it() {
    let scene = Scene::new();
    let ours = Pty::open();
    ours.resize(30, 100);
    let script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done";
    let server = at_terminal(&scene, script).at(&ours).start_listening();
    let mut client = scene.wire("./s");
    client.expect("30 100\r\n");
    ours.resize(40, 120);
    client.expect("40 120\r\n");
    ours.resize(20, 60);
    client.expect("20 60\r\n");
    drop(client);
    server.end().code(129);
}

#[test]
fn characters_are_erased_whole_where_text_is_utf_8() {
    let scene = Scene::new();
    let ours = Pty::open();
    for (setting, locale, is_utf8) in [
        (None, "C.UTF-8", true),
        (None, "C", false),
        (Some("iutf8"), "C", true),
        (Some("-iutf8"), "C.UTF-8", false),
    ] {
        let server = at_terminal(&scene, "stty -a").env("LC_ALL", locale);
        let server = match setting {
            None => server.start_listening(),
            Some(setting) => {
                ours.set(&scene, &[setting]);
                server.at(&ours).start_listening()
            }
        };
        let client = scene.connect("./s").open_input().start().end().silent();
        let settings = client.stdout_text();
        let expected = if is_utf8 { " iutf8" } else { " -iutf8" };
        assert!(settings.contains(expected), "{setting:?} {locale}: {settings}");
        server.end().ok();
    }
}

#[test]
fn a_shell_has_job_control() {
    let scene = Scene::new();
    let shell = ["--pty", "--", "bash", "--noprofile", "--norc", "-i"];
    let server = scene.listen("./s").env("PS1", "READY> ").args(shell).start_listening();
    let mut client = scene.wire("./s");
    client.send("sleep 1000 &\rjobs\rkill %1\rexit 3\r");
    let shown = String::from_utf8(client.rest()).unwrap();
    assert!(shown.contains("[1]+  Running"), "{shown}");
    assert!(!shown.contains("job control"), "{shown}");
    server.end().code(3);
}

#[test]
fn ctrl_c_of_the_client_interrupts_the_command() {
    let scene = Scene::new();
    let script = "trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.1; done";
    // A shell without job control starts background programs with these signals ignored.
    let ignoring = scene.shell(r#"trap '' HUP INT QUIT; exec "$0" "$@""#);
    let ignoring = ignoring.args(["listen", "-v", "./s", "--pty", "--", "sh", "-c", script]);
    for server in [at_terminal(&scene, script), ignoring] {
        let server = server.start_listening();
        let mut client = scene.wire("./s");
        client.expect("ready\r\n");
        client.send("\x03");
        client.expect_rest("^Cinterrupted\r\n");
        server.end().code(4);
    }
}

#[test]
fn a_client_that_has_gone_hangs_up() {
    let scene = Scene::new();
    let script = "trap 'echo hup >hup; exit 6' HUP; echo ready; while :; do sleep 0.1; done";
    let ignoring = scene.shell(r#"trap '' HUP INT QUIT; exec "$0" "$@""#);
    let ignoring = ignoring.args(["listen", "-v", "./s", "--pty", "--", "sh", "-c", script]);
    for server in [at_terminal(&scene, script), ignoring] {
        let server = server.start_listening();
        scene.wire("./s").expect("ready\r\n");
        server.end().code(6);
        assert_eq!(fs::read_to_string(scene.path("hup")).unwrap(), "hup\n");
        fs::remove_file(scene.path("hup")).unwrap();
    }
}

/// The terminal takes about 4 KB that are not read.
#[test]
fn a_client_that_has_gone_hangs_up_although_its_bytes_are_not_read() {
    let scene = Scene::new();
    let script = "stty raw -echo; echo ready; while :; do sleep 0.1; done";
    let server = at_terminal(&scene, script).start_listening();
    let mut client = scene.wire("./s");
    client.expect("ready\n");
    client.send(data(100_000));
    drop(client);
    server.end().code(129);
}

#[test]
fn large_data_passes_a_raw_terminal_unchanged() {
    let scene = Scene::new();
    let server = at_terminal(&scene, "stty raw -echo; echo ready; exec cat").start_listening();
    let mut client = scene.wire("./s");
    client.expect("ready\n");
    let bytes = data(2_000_001);
    let mut writer = client.another();
    thread::scope(|scope| {
        scope.spawn(|| {
            writer.send(&bytes);
            writer.end();
        });
        client.expect(&bytes);
    });
    assert!(client.is_silent(), "a raw terminal has no key that ends the input");
    drop((client, writer));
    server.end().code(129);
}

#[test]
fn large_output_is_whole_when_the_command_ends() {
    let scene = Scene::new();
    let bytes = data(3_000_001);
    fs::write(scene.path("data"), &bytes).unwrap();
    let server = at_terminal(&scene, "stty raw; exec cat data").start_listening();
    scene.connect("./s").open_input().start().end().silent().output(&bytes);
    server.end().ok();
}

#[test]
fn the_end_of_the_input_is_that_of_a_terminal() {
    let scene = Scene::new();
    for (sent, received) in [
        ("one\ntwo\n", "one\r\ntwo\r\nended 0\r\nended 1\r\n"),
        ("one\ntwo", "one\r\ntwoended 0\r\nended 1\r\n"),
        ("", "ended 0\r\nended 1\r\n"),
    ] {
        // As with a pipe, the input has ended for the second program too.
        let script = "stty -echo; echo ready; cat; echo ended $?; read line; echo ended $?";
        let server = at_terminal(&scene, script).start_listening();
        let mut client = scene.wire("./s");
        client.expect("ready\r\n");
        client.send(sent);
        client.end();
        client.expect_rest(received);
        server.end().ok();
    }
}

/// What is sent before the shell edits lines itself has no end for it.
#[test]
fn the_end_of_the_input_ends_a_shell() {
    let scene = Scene::new();
    let shell = ["--pty", "--", "bash", "--noprofile", "--norc", "-i"];
    let server = scene.listen("./s").args(shell).start_listening();
    scene.connect("./s").input("echo $((6 * 7))\n").run().silent().prints_all(&["42\r\n", "exit"]);
    server.end().ok();
}

#[test]
fn all_clients_have_terminals_of_their_own_at_once() {
    let scene = Scene::new();
    let command = ["-k", "--pty", "--", "sh", "-c", "stty -echo; tty; exec cat"];
    let server = scene.listen("./s").args(command).start_listening();
    let mut clients: Vec<_> = (0..5).map(|_| scene.wire("./s")).collect();
    let mut terminals: Vec<_> = clients.iter_mut().map(line).collect();
    for client in &mut clients {
        client.send("text\n");
        client.expect("text\r\n");
    }
    drop(clients);
    terminals.sort();
    terminals.dedup();
    assert_eq!(terminals.len(), 5);
    // The end of the input, which ends cat, comes before the hang-up.
    for number in 1..=5 {
        server.wait_for_message(&format!("connection {number}: command ended with 0"));
    }
}

#[test]
fn options_without_a_meaning_for_a_terminal_are_refused() {
    let scene = Scene::new();
    let command = ["--", "cat"];
    for (line, text) in [
        (&["listen", "./s"][..], "--pty gives a terminal to a command"),
        (&["listen", "./s", "-k", "--merge"], "--pty gives a terminal to a command"),
        (&["connect", "./s"], "--pty gives a terminal to a command"),
        (&["relay", "./s", "./t"], "--pty gives a terminal to a command"),
    ] {
        scene.lsock(line).arg("--pty").run().fails(2).says(text);
    }
    for (line, text) in [
        (&["listen", "./s", "--copy", "splice"][..], "--copy splice joins sockets"),
        (&["connect", "./s", "--copy", "splice"], "--copy splice joins sockets"),
        (&["relay", "./s", "--pass-fds"], "descriptors cannot pass a terminal"),
    ] {
        scene.lsock(line).arg("--pty").args(command).run().fails(2).says(text);
    }
    scene.expect_empty();
}

#[test]
fn the_plan_names_the_terminal() {
    let scene = Scene::new();
    let fixed = "terminal     a new one for each command, of a fixed size: 80x24\n";
    for line in [&["listen", "./s"][..], &["connect", "./s"], &["relay", "./s"]] {
        let plan = scene.lsock(line).args(["--pty", "--explain", "--", "cat"]);
        plan.run().silent().prints(fixed);
    }
}

/// Returns a line without its end.
fn line(wire: &mut Wire) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        std::io::Read::read_exact(wire, &mut byte).unwrap();
        line.extend(byte);
    }
    String::from_utf8_lossy(&line).trim_end().to_owned()
}
