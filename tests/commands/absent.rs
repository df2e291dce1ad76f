//! Commands that cannot be run, which are wrong usage: nothing is opened.

use super::make_program;
use crate::harness::Scene;
use std::fs;

#[test]
fn a_command_that_cannot_be_run_is_wrong_usage_and_nothing_is_opened() {
    let scene = Scene::new();
    fs::write(scene.path("no-program"), "no program").unwrap();
    for (program, reason) in [
        ("no-such-program", "no such program in PATH"),
        ("./no-such-program", "no such file"),
        ("./no-program", "permission denied"),
        ("./", "it is a folder"),
    ] {
        let message = format!("cannot run `{program}`: {reason}");
        for args in [
            &["listen", "./s"][..],
            &["listen", "./s", "-k"],
            &["listen", "./s", "--buffer", "64K"],
            &["connect", "./absent"],
            &["relay", "./s"],
            &["relay", "./s", "--once"],
        ] {
            scene.lsock(args).args(["--", program]).run().fails(2).says(&message);
        }
        scene.relay("./s", &format!("exec:{program}")).run().fails(2).says(&message);
        scene.lsock(["listen", "./s", "--explain", "--", program]).run().code(0);
    }
    assert_eq!(scene.files(), ["no-program"]);
}

#[test]
fn a_script_whose_interpreter_does_not_exist_is_wrong_usage() {
    let scene = Scene::new();
    make_program(&scene);
    let scripts = [
        ("#!/no/such/sh -e\ncat\n", "its interpreter /no/such/sh does not exist"),
        // Written by an editor for Windows.
        ("#! /bin/sh\r\ncat\r\n", "its interpreter /bin/sh\\r does not exist"),
    ];
    for (script, reason) in scripts {
        fs::write(scene.path("program"), script).unwrap();
        for args in [&["listen", "./s"][..], &["listen", "./s", "-k"], &["connect", "./absent"]] {
            scene.lsock(args).args(["--", "./program"]).run().fails(2).says(reason);
        }
        scene.relay("./s", "exec:./program").run().fails(2).says(reason);
        let lsock = scene.connect("./absent").env("PATH", ".:absent");
        lsock.args(["--", "program"]).run().fails(2).says(reason);
    }
    assert_eq!(scene.files(), ["program"]);
}

/// As `execvp(3)` does, whatever the limits of this process are.
#[test]
fn a_script_that_names_no_interpreter_is_run_by_a_shell() {
    let scene = Scene::new();
    make_program(&scene);
    fs::write(scene.path("program"), "exec cat\n").unwrap();
    let lsock = env!("CARGO_BIN_EXE_lsock");
    for limits in ["ulimit -Sn 256", "ulimit -n 256"] {
        for options in [&[][..], &["--buffer", "64K"]] {
            let script = format!("{limits}; exec \"$@\"");
            let server =
                scene.command("sh").args(["-c", &script, "sh", lsock, "listen", "-v", "./s"]);
            let server = server.args(options).args(["--", "./program"]).start_listening();
            scene.connect("./s").input("x").run().ok().output("x");
            server.end().code(0);
        }
    }
}

#[test]
fn a_command_line_in_one_word_gets_a_hint() {
    let scene = Scene::new();
    let hint = "separate the arguments, or use a shell: `-- sh -c 'tr a-z A-Z'`";
    for args in [&["listen", "./s"][..], &["connect", "./s"], &["relay", "./s"]] {
        scene.lsock(args).args(["--", "tr a-z A-Z"]).run().fails(2).says(hint);
    }
}

#[test]
fn characters_for_a_shell_are_refused_unless_they_are_quoted() {
    let scene = Scene::new();
    for line in ["cat | tr a b", "cat > file", "echo $HOME", "cat *.txt", "a; b", "(a)", "a `b`"] {
        let target = format!("exec:{line}");
        scene.relay("./s", &target).run().fails(2).says("`-- sh -c 'COMMAND'`");
    }
    for line in ["sh -c 'cat | tr a b'", "sh -c \"cat > file\"", "echo \\$HOME", "cat '*.txt'"] {
        let target = format!("exec:{line}");
        scene.lsock(["relay", "./s", &target, "--explain"]).run().code(0);
    }
    scene.expect_empty();
}

/// Fails unless the program is found: the error is that nobody listens.
#[track_caller]
fn expect_found(scene: &Scene, path: Option<&str>, program: &str) {
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let command = match path {
        Some(path) => scene.command(lsock).env("PATH", path),
        None => scene.command("env").args(["-u", "PATH", lsock]),
    };
    command.args(["connect", "./absent", "--", program]).run().fails(3);
}

#[test]
fn a_program_is_found_as_the_system_finds_it() {
    let scene = Scene::new();
    make_program(&scene);
    expect_found(&scene, None, "true");
    for path in [".", "", "absent:", "/dev/null:absent:."] {
        expect_found(&scene, Some(path), "program");
    }
    // No interpreter is named: the system's default is a shell (`execvp(3)`).
    fs::write(scene.path("program"), "exec cat").unwrap();
    expect_found(&scene, Some("."), "program");
    // Another folder has a file of that name that cannot be executed.
    fs::create_dir(scene.path("other")).unwrap();
    fs::write(scene.path("other/program"), "").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    fs::create_dir(scene.path("folder/program")).unwrap();
    expect_found(&scene, Some("other:folder:."), "program");
    let lsock = scene.connect("./absent").env("PATH", "other:folder");
    lsock.args(["--", "program"]).run().fails(2).says("permission denied");
    let lsock = scene.connect("./absent").env("PATH", "folder");
    lsock.args(["--", "program"]).run().fails(2).says("no such program in PATH");
}
