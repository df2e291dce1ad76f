//! Wrong usage: one line with the reason, a hint, status 2, and nothing is opened.

use crate::harness::Scene;
use proptest::{prelude::*, test_runner::TestRunner};

#[test]
fn unknown_options_and_bad_values_are_wrong_usage() {
    let scene = Scene::new();
    let cases: &[(&[&str], &str)] = &[
        (&["lisen", "x"], "listen"),
        (&["listen"], "NAME"),
        (&["listen", "x", "y"], "y"),
        (&["listen", "x", "--keepopen"], "--keep-open"),
        (&["listen", "x", "--no-such-option"], "--no-such-option"),
        (&["listen", "x", "--mode"], "--mode"),
        (&["listen", "x", "--backlog", "many"], "a whole number from 0 to 2147483647"),
        (&["listen", "x", "--backlog", "-1"], "-1"),
        (&["listen", "x", "--backlog", "4294967296"], "a whole number from 0 to 2147483647"),
        (&["listen", "x", "--max-conns", "0"], "a whole number from 1 to"),
        (&["listen", "x", "--ready-fd", "2"], "standard error, which messages are written to"),
        (&["listen", "x", "--ready-fd", "256"], "a whole number from 3 to 255, or 1"),
        (&["listen", "x", "--ready-file", "-"], "--ready-fd notifies through a descriptor; ./-"),
        (&["listen", "x", "--allow", "uid:5000000000"], "a whole number from 0 to 4294967295"),
        (&["ls", "--pid", "0"], "a whole number from 1 to 4294967295"),
        (&["bench", "--pin", "x"], "a whole number from 0 to"),
        (&["bench", "--compare", "-"], "saved results are read from a file; ./-"),
        (&["listen", "x", "--grace", "5"], "250ms"),
        (&["listen", "x", "--grace", ""], "250ms"),
        (&["listen", "x", "--allow", "everybody"], "any, user:NAME"),
        (&["listen", "x", "--timeout", "1s"], "--timeout"),
        (&["connect"], "NAME"),
        (&["connect", "x", "-k"], "-k"),
        (&["connect", "x", "--wait=soon"], "250ms"),
        (&["connect", "x", "--wait=-1s"], "250ms"),
        (&["connect", "x", "--timeout", "10"], "250ms"),
        (&["connect", "x", "--timeout=1 fortnight"], "250ms"),
        (&["connect", "x", "--eof", "never"], "half"),
        (&["connect", "x", "--linger", "abc"], "250ms"),
        (&["connect", "x", "--idle-timeout", "0s"], "more than zero"),
        (&["connect", "x", "--max-time", "0s"], "more than zero"),
        (&["connect", "x", "--recv-only", "--ignore-unread"], "with --recv-only nothing is"),
        (&["listen", "x", "--recv-only", "--ignore-unread"], "with --recv-only nothing is"),
        (&["connect", "x", "--buffer", "0"], "from 1 to 1G"),
        (&["connect", "x", "--buffer", "2G"], "from 1 to 1G"),
        (&["connect", "x", "--buffer", "64KB"], "64K"),
        (&["connect", "x", "--buffer", "1.5M"], "64K"),
        (&["connect", "x", "--buffer", "99999999999999999999"], "64K"),
        (&["connect", "x", "--copy", "fast"], "splice"),
        (&["connect", "x", "--color", "blue"], "always"),
        (&["connect", "x", "--log-format", "xml"], "json"),
        (&["connect", "x", "--progress=sometimes"], "always"),
        (&["connect", "x", "-v", "-q"], "-q"),
        (&["connect", "x", "--connect-timeout", "1s", "--timeout", "2s"], "--connect-timeout"),
        (&["completions"], "SHELL"),
        (&["completions", "csh"], "bash"),
        (&["connect", ""], "empty"),
        (&["connect", "@"], "empty"),
        (&["connect", "fs:"], "empty"),
        (&["connect", "ns:"], "empty"),
        // Windows has no names of arbitrary bytes.
        (&["connect", "ns-hex:"], if cfg!(windows) { "on this system" } else { "empty" }),
        (&["connect", "ns-hex:6"], "ns-hex:6"),
        (&["connect", "ns-hex:xy"], "ns-hex:xy"),
        (&["connect", "-"], ""),
        (&["connect", "tcp:localhost:80"], "tcp:"),
        (&["listen", "exec:cat"], "exec:"),
        (&["listen", "fd:3"], "fd:"),
    ];
    for (args, part) in cases {
        let outcome = scene.lsock(*args).run();
        outcome.fails(2).says(part).says("hint: ").output("");
    }
    scene.expect_empty();
}

#[test]
fn progress_and_a_command_exclude_each_other() {
    let scene = Scene::new();
    for command in ["listen", "connect"] {
        let args = [command, "x", "--progress=always", "--", "cat"];
        scene.lsock(args).run().fails(2).says("--progress");
    }
}

#[test]
fn without_arguments_the_help_is_printed() {
    let scene = Scene::new();
    let outcome = scene.lsock([""; 0]).run().code(2).output("");
    outcome.says("listen").says("connect").says("--help");
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_text_are_wrong_usage() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let scene = Scene::new();
    let bad = OsStr::from_bytes(b"\xff\xfe");
    scene.lsock([bad]).run().fails(2);
    scene.lsock(["listen", "./s", "--mode"]).arg(bad).run().fails(2);
    scene.lsock(["listen", "./s"]).arg(OsStr::from_bytes(b"--\xff")).run().fails(2);
    scene.expect_empty();
}

/// Wrong usage or a plan, without control characters.
#[test]
fn random_arguments_open_nothing() {
    let word = prop_oneof![
        3 => "[ -~]{0,12}",
        2 => "\\PC{0,6}",
        1 => "[\\x01-\\x1f\\x7f\\u{9b}\\u{202e}]{1,4}",
        3 => prop::sample::select(vec![
            "--mode", "660", "--wait", "--wait=1s", "--allow", "any", "-k", "--eof", "close",
            "--buffer", "1K", "-v", "-q", "--copy", "splice", "--linger", "2s", "--", "cat",
            "--help", "-h", "-V", "--replace", "--group", "--progress", "--log-format=json",
            "--max-conns=3", "./s", "@a", "--ready-fd=7", "--recv-only", "--send-only", "=", "-",
        ]).prop_map(str::to_owned),
    ];
    let command = prop::sample::select(vec!["listen", "connect", "completions", "-", "help", ""]);
    let args = (command, prop::collection::vec(word, 0..6));
    // Processes start slowly on Windows.
    let cases = if cfg!(windows) { 20 } else { 300 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let scene = Scene::new();
    let result = TestRunner::new(config).run(&args, |(command, words)| {
        let is_plan = ["listen", "connect"].contains(&command);
        let first = [command].into_iter().chain(is_plan.then_some("--explain"));
        let args: Vec<String> = first.map(str::to_owned).chain(words).collect();
        let outcome = scene.lsock(&args).run();
        let code = outcome.status.code();
        let report = || outcome.report();
        prop_assert!(matches!(code, Some(0 | 2)), "{}", report());
        let lines = outcome.stderr.lines().count();
        prop_assert!(code == Some(0) || (1..=2).contains(&lines), "{}", report());
        prop_assert!(code == Some(0) || outcome.stdout.is_empty(), "{}", report());
        let is_plain = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        prop_assert!(outcome.stderr.chars().all(is_plain), "{}", report());
        let stdout = String::from_utf8_lossy(&outcome.stdout);
        prop_assert!(command == "completions" || stdout.chars().all(is_plain), "{}", report());
        prop_assert!(scene.files().is_empty());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[cfg(unix)]
#[test]
fn messages_of_zero_bytes_are_a_matter_of_windows() {
    let scene = Scene::new();
    for command in [&["connect", "./s"][..], &["listen", "./s"], &["relay", "./s", "./t"]] {
        for what in ["data", "eof"] {
            let outcome = scene.lsock(command).args(["--empty-messages", what]).run().fails(2);
            outcome.says("--empty-messages is not available: only the pipes of Windows have");
            scene.expect_empty();
        }
    }
}
