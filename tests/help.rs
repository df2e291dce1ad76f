//! Help, version and completions.
//!
//! The texts of the help are in `snapshots`; `LSOCK_BLESS=1` rewrites them.

use crate::harness::Scene;
use std::{env, fs, path::Path};

const COMMANDS: [&str; 9] =
    ["listen", "connect", "relay", "tap", "bench", "name", "ls", "replay", "completions"];

#[test]
fn help_matches_the_snapshots() {
    let scene = Scene::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut wrong = Vec::new();
    for command in [""].into_iter().chain(COMMANDS) {
        for option in ["-h", "--help"] {
            let args = [command, option].into_iter().filter(|arg| !arg.is_empty());
            let outcome = scene.lsock(args).env("COLUMNS", "100").run().silent();
            let text = String::from_utf8(outcome.stdout).unwrap();
            let text = text.replace("lsock.exe", "lsock").replace('\r', "");
            let is_long = option == "--help";
            let name = format!(
                "lsock{}{}.{}.txt",
                if command.is_empty() { "" } else { "-" },
                command,
                if is_long { "long" } else { "short" }
            );
            let path = folder.join(&name);
            if env::var_os("LSOCK_BLESS").is_some_and(|value| value == "1") {
                fs::write(&path, &text).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default().replace('\r', "");
            if of_this_system(expected) != text {
                wrong.push(format!("{name}:\n{text}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "the help has changed; if it is right, LSOCK_BLESS=1 cargo test help writes it to \
         tests/snapshots:\n{}",
        wrong.join("\n")
    );
}

/// Returns the help with the names that its examples have on this system.
fn of_this_system(help: String) -> String {
    if cfg!(windows) {
        help.replace("./app.sock", "@app")
            .replace("./old.sock", "old")
            .replace("'@app*'", "\"@app*\"")
    } else {
        help
    }
}

#[test]
fn help_fits_into_80_columns_and_has_no_control_characters() {
    let scene = Scene::new();
    for command in COMMANDS {
        for option in ["-h", "--help"] {
            let outcome = scene.lsock([command, option]).env("COLUMNS", "80").run().silent();
            let text = String::from_utf8(outcome.stdout).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        }
    }
}

const PAGES: [&str; 13] = [
    "names",
    "pipes",
    "trace",
    "tour",
    "lsock",
    "lsock-listen",
    "lsock-connect",
    "lsock-relay",
    "lsock-tap",
    "lsock-bench",
    "lsock-ls",
    "lsock-name",
    "lsock-replay",
];

#[test]
fn pages_of_the_manual_are_printed() {
    let scene = Scene::new();
    let list = scene.lsock(["help"]).run().silent();
    for page in PAGES {
        let outcome = scene.lsock(["help", page]).run().silent();
        let text = outcome.stdout_text();
        let name =
            if page.starts_with("lsock") { page.to_owned() } else { format!("lsock-{page}") };
        assert!(text.starts_with(&format!("NAME\n    {name} - ")), "{text}");
        assert!(text.contains("\n\nSEE ALSO\n"), "{text}");
        scene.lsock(["help", &name]).run().silent().output(text);
        assert!(list.stdout_text().contains(&format!("\n  {page} ")), "{}", list.report());
    }
}

#[test]
fn a_page_is_as_wide_as_the_terminal_and_has_colors_on_request() {
    let scene = Scene::new();
    let page = |args: &[&str], columns: &str| {
        scene.lsock(["help", "names"]).args(args).env("COLUMNS", columns).run().silent()
    };
    for (columns, width) in [("70", 70), ("100", 100), ("500", 100), ("x", 80), ("", 80)] {
        let outcome = page(&[], columns);
        let widths = outcome.stdout_text().lines().map(|line| line.chars().count());
        let widest = widths.filter(|width| *width <= 100).max().unwrap();
        assert!((width - 3..=width).contains(&widest) || width == 70, "{columns}: {widest}");
    }
    let plain = page(&["--color=never"], "80");
    assert!(!plain.stdout.contains(&b'\x1b'));
    let colored = page(&["--color", "always"], "80");
    let text = colored.stdout_text().replace("\x1b[1m", "").replace("\x1b[4m", "");
    assert_ne!(text, colored.stdout_text());
    assert_eq!(text.replace("\x1b[0m", ""), plain.stdout_text());
    let before = scene.lsock(["--color", "always", "help", "names"]).run().silent();
    before.output(colored.stdout);
}

#[test]
fn help_takes_one_topic() {
    let scene = Scene::new();
    for (args, text) in [
        (&["listen", "nonsense"][..], "`nonsense` is one too many"),
        (&["names", "tour"], "`tour` is one too many"),
        (&["help", "names"], "`names` is one too many"),
        (&["listen", "--wait"], "--wait"),
        (&["--nonsense"], "--nonsense"),
        (&["names", "--color", "purple"], "purple"),
        (&[""], "no help on ``"),
    ] {
        scene.lsock(["help"]).args(args).run().fails(2).says(text).output("");
    }
    // The option is no topic.
    for args in [&["listen", "--help"][..], &["-h", "listen"], &["listen", "-q", "--color=never"]] {
        let expected = scene.lsock(["listen", "--help"]).run().silent().stdout;
        scene.lsock(["help"]).args(args).run().silent().output(expected);
    }
}

#[test]
fn help_takes_the_options_of_messages() {
    let scene = Scene::new();
    for topic in ["listen", "names"] {
        let plain = scene.lsock(["help", topic]).run().silent();
        for args in [
            &["help", topic, "--color=always"][..],
            &["help", "--color", "always", topic],
            &["--color=always", "help", topic],
            &["help", topic, "-v", "--color=always", "--log-format=json"],
        ] {
            let colored = scene.lsock(args).run().silent();
            assert!(colored.stdout.contains(&b'\x1b'), "{}", colored.report());
            assert_ne!(colored.stdout, plain.stdout);
        }
        scene
            .lsock(["help", topic, "-qq", "--log-format=json"])
            .run()
            .silent()
            .output(plain.stdout);
    }
}

#[test]
fn the_version_is_printed() {
    let scene = Scene::new();
    let expected = format!("lsock {}\n", env!("CARGO_PKG_VERSION"));
    for option in ["-V", "--version"] {
        scene.lsock([option]).run().silent().output(&expected);
    }
}

#[cfg(unix)]
#[test]
fn a_closed_output_is_no_failure() {
    let scene = Scene::new();
    for args in [
        &["--help"][..],
        &["completions", "bash"],
        &["help", "names"],
        &["listen", "x", "--explain"],
    ] {
        let mut running = scene.lsock(args).unread_output().start();
        drop(running.take_output());
        running.end().silent();
    }
}

fn completions(scene: &Scene, shell: &str) -> String {
    let outcome = scene.lsock(["completions", shell]).run().silent();
    String::from_utf8(outcome.stdout).unwrap()
}

#[test]
fn completions_without_requests_contain_commands_and_options() {
    let scene = Scene::new();
    for shell in ["powershell", "elvish"] {
        let script = completions(&scene, shell);
        for word in
            ["listen", "connect", "relay", "keep-open", "idle-timeout", "replace", "pass-fds"]
        {
            assert!(script.contains(word), "no {word} for {shell}");
        }
    }
}

#[cfg(unix)]
#[test]
fn completions_can_be_loaded_by_their_shells() {
    use crate::harness::has;
    let scene = Scene::new();
    let shells = [
        ("bash", "source ./script && complete -p lsock"),
        ("zsh", "autoload -U compinit && compinit -u -d ./dump && source ./script"),
        ("fish", "source ./script; and functions -q __lsock_complete"),
    ];
    for (shell, check) in shells {
        if has(shell) {
            fs::write(scene.path("script"), completions(&scene, shell)).unwrap();
            let outcome = scene.command(shell).args(["-c", check]).run().ok();
            assert_eq!(outcome.stderr, "", "{}", outcome.report());
        }
    }
}
