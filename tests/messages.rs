//! Messages on stderr: levels, JSON, colours, plans and progress.

use crate::harness::{Scene, data};
use std::fs::File;

/// Listens with these options for one client. Returns the messages of the listener.
fn log_of_listener(scene: &Scene, args: &[&str], variables: &[(&str, &str)]) -> String {
    let server = scene.lsock(["listen", scene.word()]).args(args).input("there");
    let server = variables.iter().fold(server, |server, (name, value)| server.env(name, value));
    let server = server.start();
    scene.connect(scene.word()).arg("--wait=40s").input("here").run().silent().output("there");
    server.end().ok().output("here").stderr
}

#[test]
fn without_v_there_are_no_messages() {
    let scene = Scene::new();
    for args in [&[][..], &["-q"], &["-qq"], &["--color", "always"], &["--log-format", "json"]] {
        assert_eq!(log_of_listener(&scene, args, &[]), "", "{args:?}");
    }
    assert_eq!(log_of_listener(&scene, &[], &[("LSOCK_LOG", "")]), "");
}

#[test]
fn each_v_adds_messages() {
    let scene = Scene::new();
    let once = log_of_listener(&scene, &["-v"], &[]);
    assert!(once.lines().all(|line| line.starts_with("lsock: ")), "{once}");
    for part in
        ["listening on", scene.word(), "connection 1 from", "sent 5 bytes, received 4 bytes"]
    {
        assert!(once.contains(part), "no `{part}` in {once}");
    }
    let thrice = log_of_listener(&scene, &["-vvv"], &[]);
    assert!(thrice.lines().count() >= once.lines().count(), "{thrice}");
    let client = scene.connect(scene.word()).args(["-vv", "--wait=100ms"]).run();
    client.code(4).says("lsock: debug: trying again");
}

/// The process and the program on the other side, whichever side that is.
#[cfg(target_os = "linux")]
#[test]
fn v_names_the_process_at_the_other_end() {
    let scene = Scene::new();
    let server = scene.listen("./s").open_input().start_listening();
    let client = scene.connect("./s").arg("-v").open_input().start();
    let (of_server, of_client) = (server.pid(), client.pid());
    client.wait_for_message(&format!("connected to ./s: pid {of_server} (lsock), user "));
    server.wait_for_message(&format!("connection 1 from pid {of_client} uid "));
    server.wait_for_message(" (lsock)\n");
}

#[test]
fn vv_has_the_ends_of_both_directions() {
    let scene = Scene::new();
    let server = scene.lsock(["listen", scene.word(), "-vv"]).input("there").start_listening();
    let client = scene.connect(scene.word()).arg("-vv").input("here").run().ok();
    for outcome in [client, server.end().ok()] {
        for part in ["from the input", "from the peer"] {
            let outcome = outcome.stderr.contains(&format!("lsock: debug: end of file {part}\n"));
            assert!(outcome, "no end of file {part}");
        }
        outcome.says("lsock: debug: sent the end of file to the peer\n");
    }
}

#[cfg(unix)]
#[test]
fn vv_has_the_ends_of_a_relayed_connection() {
    let scene = Scene::new();
    let (_echo, _) = scene.echo("./t");
    let relay = scene.lsock(["relay", "-vv", "--once", "./s", "./t"]).start_listening();
    scene.wire("./s").expect_echo("echo");
    let outcome = relay.end().ok();
    outcome
        .says("connection 1: end of file from the client\n")
        .says("connection 1: sent the end of file to the target\n")
        .says("connection 1: end of file from the target\n")
        .says("connection 1: sent the end of file to the client\n");
}

#[cfg(unix)]
#[test]
fn vv_says_once_that_an_output_takes_nothing() {
    let scene = Scene::new();
    let (host, _) = scene.host("./t");
    let relay = scene.lsock(["relay", "-vv", "./s", "./t"]).start_listening();
    let client = scene.lsock(["connect", "-vv", "--copy", "buffer", "./s"]).input(data(5_000_000));
    let client = client.start();
    let mut wire = host.accept();
    let stalled = "the target has taken nothing for 1s: waiting for it\n";
    relay.wait_for_message(stalled);
    client.wait_for_message("the peer has taken nothing for 1s: waiting for it\n");
    wire.expect(data(5_000_000));
    relay.wait_for_message("connection 1: the target takes bytes again after ");
    assert_eq!(relay.log().matches(stalled).count(), 1, "{}", relay.log());
    drop(wire);
    client.end().ok();
}

/// A server of many clients writes to a log; other commands write for their user or a script.
#[cfg(unix)]
#[test]
fn messages_of_a_server_of_many_clients_have_the_time() {
    let scene = Scene::new();
    let has_time = |line: &str| {
        let (time, rest) = line.split_once(' ').unwrap_or_default();
        time.len() == "2026-01-01T00:00:00.000000Z".len() && rest.starts_with("lsock: ")
    };
    for args in [&["listen", "./s", "-k", "-v"][..], &["relay", "./s", "./absent", "-v"]] {
        let server = scene.lsock(args).open_input().start_listening();
        drop(scene.wire("./s"));
        server.wait_for_message("connection 1");
        let log = server.terminate().stderr;
        assert!(log.lines().count() >= 3 && log.lines().all(has_time), "{log}");
        // Errors before it listens are for whoever starts it.
        std::fs::write(scene.path("file"), "").unwrap();
        scene.lsock([args[0], "./file"]).args(&args[2..]).run().fails(3);
    }
    let once = scene.lsock(["relay", "./s", "./absent", "-v", "--once"]).start_listening();
    drop(scene.wire("./s"));
    let log = once.end().stderr;
    let is_plain = |line: &str| line.starts_with("lsock: ") || line.starts_with("hint: ");
    assert!(log.lines().all(is_plain), "{log}");
}

/// The journal has times of its own.
#[cfg(target_os = "linux")]
#[test]
fn messages_for_the_journal_have_no_time() {
    use crate::harness::wait_until;
    use std::os::unix::fs::MetadataExt;
    let scene = Scene::new();
    let log = File::create(scene.path("log")).unwrap().metadata().unwrap();
    let stream = format!("{}:{}", log.dev(), log.ino());
    for (stream, is_journal) in [(stream.as_str(), true), ("1:1", false)] {
        let script = r#"exec "$0" listen -k -v ./s 2> log"#;
        let server = scene.shell(script).env("JOURNAL_STREAM", stream).open_input().start();
        drop(scene.wire("./s"));
        let log = || std::fs::read_to_string(scene.path("log")).unwrap();
        wait_until("the client is logged", || log().contains("connection 1"));
        server.terminate();
        let log = log();
        let has_times = !log.lines().any(|line| line.starts_with("lsock: "));
        assert_eq!(has_times, !is_journal, "{log}");
    }
}

#[test]
fn json_messages_are_one_object_in_each_line() {
    let scene = Scene::new();
    let log = log_of_listener(&scene, &["-vvv", "--log-format", "json"], &[]);
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["level"].is_string() && object["message"].is_string(), "{line}");
        assert!(object["time"].is_string() && object["target"].is_string(), "{line}");
    }
    // What a message says in words, it also has as fields.
    let object = |part: &str| -> serde_json::Value {
        let line = log.lines().find(|line| line.contains(part));
        serde_json::from_str(line.unwrap_or_else(|| panic!("no {part} in {log}"))).unwrap()
    };
    let accepted = object("connection 1 from ");
    assert_eq!(accepted["conn"], 1);
    assert!(accepted["peer_pid"].is_u64(), "{accepted}");
    assert_eq!(accepted["peer_uid"].is_u64(), cfg!(unix), "{accepted}");
    let report = object("sent 5 bytes, received 4 bytes");
    assert_eq!((&report["sent"], &report["received"]), (&5.into(), &4.into()), "{report}");
    assert!(report["duration"].as_f64().unwrap() > 0.0, "{report}");
    // An error begins in the same way.
    // It also contains its hint.
    let outcome = scene.connect(scene.word()).args(["--log-format", "json"]).run().code(3);
    let object: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(object["level"], "ERROR");
    assert!(object["time"].is_string() && object["target"].is_string(), "{object}");
    assert!(object["message"].as_str().unwrap().contains(scene.word()));
    assert!(object["hint"].as_str().unwrap().contains("--wait"));
}

/// The format is found before and after the mistake, and before the command.
#[test]
fn usage_errors_are_json_too() {
    let scene = Scene::new();
    let json = ["--log-format", "json"];
    for args in [
        [&["connect", "x", "--nope"][..], &json].concat(),
        [&["connect"][..], &json, &["x", "--nope"]].concat(),
        [&json[..], &["connect", "--nope"]].concat(),
        vec!["--log-format=json", "frobnicate"],
        vec!["connect", "a:b", "--log-format=json"],
        vec!["connect", "--wait", "5s", "x", "--log-format=json"],
        vec!["connect", "--log-format=text", "--log-format=json", "--nope"],
        vec!["relay", "8080", "x", "--log-format=json"],
        vec!["listen", "x", "--mode", "9", "--log-format", "json"],
        vec!["--log-format", "json"],
    ] {
        let outcome = scene.lsock(&args).run().code(2).output("");
        let object: serde_json::Value = serde_json::from_str(&outcome.stderr)
            .unwrap_or_else(|_| panic!("{}", outcome.report()));
        assert_eq!(object["level"], "ERROR", "{}", outcome.report());
        assert!(object["message"].is_string(), "{}", outcome.report());
        assert!(object["hint"].is_string(), "{}", outcome.report());
    }
    // The option of a command is not ours.
    let args = ["connect", "--nope", "--", "x", "--log-format=json"];
    scene.lsock(args).run().fails(2);
    scene.lsock(["connect", "--nope", "--log-format", "xml"]).run().fails(2);
}

#[test]
fn usage_errors_are_coloured_on_request() {
    let scene = Scene::new();
    let outcome = scene.lsock(["connect", "--nope", "--color", "always"]).run().code(2);
    assert!(outcome.stderr.starts_with("\u{1b}[1;31mlsock: \u{1b}[0m"), "{}", outcome.report());
    scene.lsock(["connect", "--nope", "--color", "never"]).run().fails(2);
}

#[test]
fn progress_is_json_too() {
    let scene = Scene::new();
    std::fs::write(scene.path("in"), data(3_000_000)).unwrap();
    let json = ["--progress=always", "--log-format=json"];
    let server = scene.listen(scene.word()).args(json).start_listening();
    let input = File::open(scene.path("in")).unwrap();
    let client = scene.connect(scene.word()).args(json).stdin(input).run().ok().output("");
    let server = server.end().ok().output(data(3_000_000));
    for (outcome, direction, total) in [(client, "sent", true), (server, "received", false)] {
        let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok();
        let objects: Vec<_> = outcome.stderr.lines().map(is_json).collect();
        let all = objects.iter().all(Option::is_some);
        assert!(all && !outcome.stderr.contains('\r'), "{}", outcome.report());
        let last = objects.iter().flatten().rfind(|object| object[direction].is_u64());
        let last = last.unwrap_or_else(|| panic!("{}", outcome.report()));
        assert_eq!(last["level"], "INFO");
        assert_eq!(last[direction], 3_000_000, "{}", outcome.report());
        assert_eq!(last["total"].is_u64(), total, "{}", outcome.report());
        assert!(last["message"].as_str().unwrap().contains("2.86 MiB"), "{}", outcome.report());
    }
}

#[test]
fn lsock_log_takes_precedence() {
    let scene = Scene::new();
    let log = log_of_listener(&scene, &[], &[("LSOCK_LOG", "info")]);
    assert!(log.contains("listening on"), "{log}");
    let log = log_of_listener(&scene, &["-vvv"], &[("LSOCK_LOG", "off")]);
    assert_eq!(log, "");
    let log = log_of_listener(&scene, &[], &[("LSOCK_LOG", "lsock=info,local_socket=debug")]);
    assert!(log.contains("connection 1 from"), "{log}");
}

#[test]
fn a_bad_lsock_log_is_wrong_usage() {
    let scene = Scene::new();
    for text in ["lsock=loud", "=,=", "a[b{c"] {
        let cmd = scene.connect(scene.word()).env("LSOCK_LOG", text);
        cmd.run().fails(2).says("LSOCK_LOG").says(text);
    }
}

#[test]
fn q_suppresses_warnings_and_qq_errors() {
    let scene = Scene::new();
    scene.connect(scene.word()).arg("-q").run().fails(3);
    let outcome = scene.connect(scene.word()).arg("-qq").run().code(3);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn colours_are_off_without_a_terminal_unless_requested() {
    let scene = Scene::new();
    let failing = |args: &[&str]| scene.connect(scene.word()).args(args);
    let coloured = failing(&["--color", "always"]).run().code(3);
    assert!(coloured.stderr.starts_with("\u{1b}[1;31mlsock: \u{1b}[0m"), "{}", coloured.report());
    let coloured = failing(&["--color=always"]).env("NO_COLOR", "1").run().code(3);
    assert!(coloured.stderr.contains('\u{1b}'), "{}", coloured.report());
    for args in [&["--color", "never"][..], &["--color", "auto"], &[]] {
        failing(args).run().fails(3);
        failing(args).env("NO_COLOR", "1").run().fails(3);
        failing(args).env("CLICOLOR_FORCE", "1").run().fails(3);
    }
    let log = log_of_listener(&scene, &["-v", "--color", "always"], &[]);
    assert!(log.contains("listening on"), "{log}");
    let help = scene.lsock(["--help", "--color", "always"]).run().ok();
    assert!(help.stdout.contains(&0x1b), "{}", help.report());
    let help = scene.lsock(["--help"]).run().ok();
    assert!(!help.stdout.contains(&0x1b), "{}", help.report());
}

#[test]
fn explain_prints_the_plan_and_does_nothing() {
    let scene = Scene::new();
    let outcome = scene.lsock(["listen", scene.word(), "--explain", "-k", "--", "cat", "-n"]).run();
    outcome.silent().prints_all(&[
        scene.word(),
        "all at once",
        "the command `cat -n`",
        "half-close",
        "no limit",
    ]);
    let args =
        ["--explain", "--wait=2s", "--connect-timeout", "1m", "--eof", "close", "--recv-only"];
    let outcome = scene.connect(scene.word()).args(args).run();
    outcome.silent().prints_all(&["at most 2s", "1m", "close", "receive only", "stdin and stdout"]);
    let unknown = ["--explain", "--allow", "user:no-such-user-anywhere"];
    scene.lsock(["listen", scene.word()]).args(unknown).run().fails(2);
    if cfg!(unix) {
        scene.lsock(["listen", "./s", "--explain", "--replace"]).run().silent();
        scene.lsock(["listen", "./missing/s", "--explain"]).run().silent();
    }
    scene.expect_empty();
}

#[test]
fn progress_is_written_to_stderr() {
    let scene = Scene::new();
    std::fs::write(scene.path("in"), data(3_000_000)).unwrap();
    let server = scene.listen(scene.word()).arg("--progress=always").start_listening();
    let input = File::open(scene.path("in")).unwrap();
    let client = scene.connect(scene.word()).arg("--progress=always").stdin(input).run();
    client.ok().output("").says("lsock: ").says("2.86 MiB of 2.86 MiB moved");
    let outcome = server.end().ok().output(data(3_000_000));
    assert!(outcome.stderr.contains("2.86 MiB moved"), "{}", outcome.stderr);
}

#[test]
fn without_a_terminal_there_is_no_progress() {
    let scene = Scene::new();
    for args in [&["--progress"][..], &["--progress=auto"], &["--progress=never"]] {
        let server = scene.listen(scene.word()).start_listening();
        scene.connect(scene.word()).args(args).input("x").run().silent();
        server.end().ok().output("x");
    }
}
