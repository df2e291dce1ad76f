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

#[test]
fn json_messages_are_one_object_in_each_line() {
    let scene = Scene::new();
    let log = log_of_listener(&scene, &["-vvv", "--log-format", "json"], &[]);
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["level"].is_string() && object["message"].is_string(), "{line}");
    }
    // An error contains its hint.
    let outcome = scene.connect(scene.word()).args(["--log-format", "json"]).run().code(3);
    let object: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(object["level"], "ERROR");
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
    let args = ["--explain", "--wait=2s", "--timeout", "1m", "--eof", "close", "--recv-only"];
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
