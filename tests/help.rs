//! Help, version and completions.
//!
//! The texts of the help are in `snapshots`; `LSOCK_BLESS=1` rewrites them.

use crate::harness::Scene;
use std::{env, fs, path::Path};

const COMMANDS: [&str; 5] = ["listen", "connect", "relay", "bench", "completions"];

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
            if fs::read_to_string(&path).unwrap_or_default().replace('\r', "") != text {
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
    for args in [&["--help"][..], &["completions", "bash"], &["listen", "x", "--explain"]] {
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
fn completions_of_each_shell_contain_commands_and_options() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
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
        ("fish", "source ./script; and complete -C 'lsock lis' | grep -q listen"),
    ];
    for (shell, check) in shells {
        if has(shell) {
            fs::write(scene.path("script"), completions(&scene, shell)).unwrap();
            let outcome = scene.command(shell).args(["-c", check]).run().ok();
            assert_eq!(outcome.stderr, "", "{}", outcome.report());
        }
    }
    if has("bash") {
        fs::write(scene.path("script"), completions(&scene, "bash")).unwrap();
        let check = "source ./script; COMP_WORDS=(lsock listen --keep); COMP_CWORD=2; \
                     _lsock lsock --keep listen; echo \"${COMPREPLY[@]}\"";
        scene.command("bash").args(["-c", check]).run().silent().output("--keep-open\n");
    }
}
