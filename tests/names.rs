//! Socket files and abstract names of every spelling.

use crate::harness::Scene;
use std::{ffi::OsStr, os::unix::ffi::OsStrExt, os::unix::net::UnixListener};

/// Listens on the name and connects to it.
fn expect_connection(scene: &Scene, name: impl AsRef<OsStr>) {
    let name = name.as_ref();
    let server = scene.lsock(["listen", "-v"]).arg(name).input("there").start_listening();
    scene.lsock(["connect"]).arg(name).input("here").run().silent().output("there");
    let outcome = server.end().ok().output("here");
    assert!(!outcome.stderr.chars().any(|c| c.is_control() && c != '\n'), "{}", outcome.stderr);
}

#[test]
fn a_path_of_any_characters_is_a_socket_file() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("folder")).unwrap();
    let absolute = scene.path("absolute");
    let absolute = absolute.to_str().unwrap();
    let names = [
        "./s",
        "folder/s",
        "./with space",
        "./ünïcødé",
        "./-dash",
        "fs:plain",
        "fs:@at",
        "fs:./s",
        "fs:ns:x",
        absolute,
        "./folder/../s",
        ".//s",
        "./with\ttab",
        "./with\nnewline",
        "./with\u{1b}[31mcolour",
        "./a;b|c&d $(e) `f` 'g' \"h\" *?",
    ];
    for name in names {
        expect_connection(&scene, name);
        assert_eq!(scene.files(), ["folder"], "{name:?}");
    }
    expect_connection(&scene, OsStr::from_bytes(b"./not\xfftext"));
    assert_eq!(scene.files(), ["folder"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_of_any_bytes_can_be_used() {
    let scene = Scene::new();
    let word = scene.word();
    let names = [
        word.to_owned(),
        format!("@{word}"),
        format!("ns:{word}"),
        format!("@{word}/with/slashes"),
        format!("ns:@{word}"),
        format!("@@{word}"),
        format!("@{word} ünïcødé\u{7}"),
        format!("ns-hex:00ff{:08x}{:?}", std::process::id(), 10),
    ];
    for name in &names {
        expect_connection(&scene, name);
    }
    scene.expect_empty();
    // Four spellings of one name.
    let server = scene.listen(word).args(["-k", "--", "cat"]).start_listening();
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    for name in [word.to_owned(), format!("@{word}"), format!("ns:{word}"), format!("ns-hex:{hex}")]
    {
        scene.connect(&name).input("hi").run().silent().output("hi");
    }
    drop(server);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_too_long_is_wrong_usage_and_the_longest_one_works() {
    let scene = Scene::new();
    let path = |length: usize| format!("./{}", "x".repeat(length - 2));
    let word =
        |length: usize| format!("{}{}", scene.word(), "y".repeat(length - scene.word().len()));
    let (mut path_limit, mut word_limit) = (0, 0);
    for length in 100..=120 {
        for (name, limit) in [(path(length), &mut path_limit), (word(length), &mut word_limit)] {
            if scene.lsock(["listen", "--explain", &name]).run().status.success() {
                assert_eq!(*limit, if *limit == 0 { 0 } else { length - 1 });
                *limit = length;
                if length >= 106 {
                    expect_connection(&scene, &name);
                }
            } else {
                for command in ["listen", "connect"] {
                    let outcome = scene.lsock([command, &name]).run().fails(2);
                    outcome.says(&length.to_string()).says(&limit.to_string());
                }
            }
        }
    }
    // sun_path has 108 bytes. An abstract name starts with a NUL; a path ends with one, which
    // Linux does not require.
    assert!((107..=108).contains(&path_limit), "{path_limit}");
    assert_eq!(word_limit, 107);
    scene.expect_empty();
}

#[test]
fn a_hint_names_the_socket_file_that_a_bare_word_can_mean() {
    let scene = Scene::new();
    let word = scene.word();
    let _server = UnixListener::bind(scene.path(word)).unwrap();
    let hint = format!("hint: there is a socket file of that name in this folder: use ./{word}");
    scene.connect(word).run().fails(3).says(&hint);
    std::fs::remove_file(scene.path(word)).unwrap();
    std::fs::write(scene.path(word), "").unwrap();
    scene.connect(word).run().fails(3).does_not_say("./");
}

#[test]
fn control_characters_are_never_printed() {
    let scene = Scene::new();
    for name in ["./\u{1b}[2J\u{7}", "\u{1b}]0;title\u{7}", "./\u{202e}\u{9b}31m", "fs:a\rb"] {
        for args in [["connect", name], ["listen", name]] {
            let cmd = scene.lsock(args);
            let cmd = if args[0] == "listen" { cmd.args(["--mode", "999"]) } else { cmd };
            let outcome = cmd.run();
            let text = format!("{}{}", outcome.stderr, outcome.stdout_text());
            let is_plain = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
            assert!(text.chars().all(is_plain) && !text.is_empty(), "{}", outcome.report());
        }
    }
    let outcome = scene.lsock(["listen", "x", "--explain", "--", "a\u{1b}[31m", "\u{9b}"]).run();
    let text = String::from_utf8(outcome.silent().stdout).unwrap();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
    // In a command, a folder, an option and its value.
    let evil = "\u{1b}[31mx";
    for args in [
        vec![evil],
        vec!["listen", evil, evil],
        vec!["listen", "./s", "--mode", evil],
        vec!["listen", "./s", "--allow", evil],
        vec!["listen", "./s", "--allow", "user:\u{1b}[31mx"],
        vec!["connect", "./s", "--\u{1b}[31mx"],
        vec!["completions", evil],
    ] {
        scene.lsock(args).run().fails(2);
    }
    scene.lsock(["listen", "./\u{1b}[31m/s"]).run().fails(3);
    let outcome = scene.connect("./s").env("LSOCK_LOG", evil).run();
    assert!(!outcome.stderr.contains('\u{1b}'));
    scene.expect_empty();
}
