//! Exit statuses of commands, and commands that cannot be run.

use super::{MODES, SPOILED_PROGRAM, make_program};
use crate::harness::{Scene, has};
use rustix::process::Signal;
use std::fs;

#[test]
fn the_status_of_the_command_is_passed_on() {
    let scene = Scene::new();
    for mode in MODES {
        for status in [0, 1, 7, 255] {
            let exit = format!("exit {status}");
            let args = ["--", "sh", "-c", &exit];
            let server = scene.listen("./s").args(mode).args(args).start_listening();
            scene.connect("./s").run().output("");
            server.end().code(status);

            let (host, _) = scene.host("./s");
            let client = scene.connect("./s").args(mode).args(args).start();
            drop(host.accept());
            client.end().code(status);
            fs::remove_file(scene.path("s")).unwrap();
        }
    }
}

#[test]
fn a_killed_command_is_status_128_and_the_signal() {
    let scene = Scene::new();
    let args = ["--", "sh", "-c", "kill -KILL $$"];
    for mode in MODES {
        let server = scene.listen("./s").args(mode).args(args).start_listening();
        scene.connect("./s").run().output("");
        server.end().code(137);
    }
    // `connect` has become the command by execve(2).
    let _server = scene.listen("./s").start_listening();
    scene.connect("./s").args(args).run().died_of(Signal::KILL);
}

#[test]
fn a_command_that_can_no_longer_be_run_is_status_1_or_a_warning() {
    let scene = Scene::new();
    for (spoil, reason) in SPOILED_PROGRAM {
        for mode in MODES {
            make_program(&scene);
            let server = scene.listen("./s").args(mode).args(["--", "./program"]);
            let server = server.start_listening();
            spoil(&scene.path("program"));
            scene.connect("./s").run().output("");
            server.end().code(1).says("./program").says(reason);
        }
        make_program(&scene);
        let server = scene.listen("./s").args(["-k", "--", "./program"]).start_listening();
        spoil(&scene.path("program"));
        scene.connect("./s").run().output("");
        scene.connect("./s").run().output("");
        server.wait_for_message("warning: connection 2: cannot run");
    }
}

#[test]
fn a_signal_ends_a_client_that_became_its_command() {
    let scene = Scene::new();
    let mut server = scene.listen("./s").open_input().start_listening();
    let client = scene.connect("./s").args(["--", "cat"]).start();
    server.send("x");
    server.wait_for_output("x");
    client.terminate();
    server.end().ok();
}

/// Some service managers ignore SIGCHLD. The kernel then discards the statuses of children
/// unless the process resets the action.
#[test]
fn the_status_is_known_if_sigchld_was_ignored_at_the_start() {
    if !has("perl") {
        return;
    }
    let scene = Scene::new();
    let ignoring = |args: &[&str]| {
        let script = r#"$SIG{CHLD} = "IGNORE"; exec @ARGV"#;
        let perl = scene.command("perl").args(["-e", script, env!("CARGO_BIN_EXE_lsock")]);
        perl.args(args)
    };
    // The command has the default action, so it knows the statuses of its own children.
    let script = "grep -q '^SigIgn:.*[13579bdf]....$' /proc/self/status && exit 9; cat; exit 7";
    let command = ["--", "sh", "-c", if cfg!(target_os = "linux") { script } else { "exit 7" }];
    for args in [&[][..], &["--idle-timeout", "10m"]] {
        let server = ignoring(&["listen", "-v", "./s"]).args(args).args(command);
        let server = server.start_listening();
        drop(scene.wire("./s"));
        server.end().code(7);

        let (host, _) = scene.host("./s");
        let client = ignoring(&["connect", "./s"]).args(args).args(command).start();
        drop(host.accept());
        client.end().code(7);
        drop(host);
        fs::remove_file(scene.path("s")).unwrap();

        for [subcommand, option] in [["listen", "-k"], ["relay", "-v"], ["relay", "--once"]] {
            let server = ignoring(&[subcommand, "-v", "./s", option]).args(args).args(command);
            let server = server.start_listening();
            drop(scene.wire("./s"));
            if option == "--once" {
                server.end().code(7);
            } else {
                server.wait_for_message("command ended with 7");
                server.terminate();
            }
        }
    }
}
