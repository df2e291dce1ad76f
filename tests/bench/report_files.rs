//! Report files: their destinations are checked before anything is measured, and old files stay
//! unchanged until the end.

use crate::harness::{Host, NOBODY, Scene, is_root, signal};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::Signal,
};
use std::{
    fs::{self, File, Permissions},
    io::{Read, Write},
    os::unix::fs::{PermissionsExt, symlink},
};

const OUTPUTS: [(&str, &str); 5] = [
    ("--json", "a.json"),
    ("--csv", "a.csv"),
    ("--markdown", "a.md"),
    ("--plot", "a.svg"),
    ("--save", "b.json"),
];
const NAMES: [&str; 5] = ["a.csv", "a.json", "a.md", "a.svg", "b.json"];
const OLD: &str = "what was measured before";
const SHORT: &str = "latency -q --count 5 --warmup 1ms --repeat 1";

fn outputs() -> String {
    OUTPUTS.map(|(option, name)| format!("{option} {name}")).join(" ")
}

/// Returns whether a client has connected.
fn has_client(host: &Host) -> bool {
    let mut fds = [PollFd::new(host, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() > 0
}

/// Fails before connecting.
#[track_caller]
fn refused(scene: &Scene, outputs: &str, code: i32, parts: &[&str]) {
    let (host, name) = scene.host("./s");
    let before = scene.files();
    let outcome = scene.plain_bench(&format!("latency --to {name} {outputs}")).run();
    let outcome = outcome.fails(code).output("");
    let outcome = parts.iter().fold(outcome, |outcome, part| outcome.says(part));
    assert!(!has_client(&host), "it has begun to measure\n{}", outcome.report());
    assert_eq!(scene.files(), before, "{}", outcome.report());
    fs::remove_file(scene.path("s")).unwrap();
}

/// All reports are unchanged, or do not exist.
#[track_caller]
fn are_untouched(scene: &Scene, evidence: &str) {
    for name in NAMES {
        let text = fs::read_to_string(scene.path(name)).unwrap_or_else(|_| OLD.to_owned());
        assert_eq!(text, OLD, "{name} has changed\n{evidence}");
    }
}

/// Checks with reports that exist, and with reports that do not.
#[track_caller]
fn keeps_reports(fails: impl Fn(&Scene, &str)) {
    for is_there in [true, false] {
        let scene = Scene::new();
        let mut files = vec![];
        if is_there {
            files.extend(NAMES);
            NAMES.iter().for_each(|name| fs::write(scene.path(name), OLD).unwrap());
        }
        fails(&scene, &outputs());
        are_untouched(&scene, "");
        let left: Vec<String> = scene.files().into_iter().filter(|name| name != "s").collect();
        assert_eq!(left, files);
    }
}

#[test]
fn an_absent_server_leaves_old_reports() {
    keeps_reports(|scene, outputs| {
        let outcome = scene.plain_bench(&format!("latency --to ./absent {outputs}")).run();
        outcome.fails(3).says("./absent").output("");
    });
}

#[test]
fn a_server_that_closes_early_leaves_old_reports() {
    keeps_reports(|scene, outputs| {
        let (host, name) = scene.host("./s");
        let _serving = host.serve(|mut wire| {
            let mut message = [0; 64];
            let _ = wire.read_exact(&mut message).and_then(|()| wire.write_all(&message));
        });
        let outcome = scene.plain_bench(&format!("latency --to {name} {outputs}")).run();
        outcome.fails(1).says("the server closed the connection").output("");
    });
}

#[test]
fn a_signal_leaves_old_reports() {
    keeps_reports(|scene, outputs| {
        let bench = scene.plain_bench(&format!("-v latency --at ./s {outputs}"));
        let bench = bench.start_listening();
        // The check whether the files can be written has left nothing.
        are_untouched(scene, "while it listens");
        assert!(scene.files().iter().all(|name| !name.starts_with('.')), "{:?}", scene.files());
        signal(&bench, Signal::TERM);
        bench.end().died_of(Signal::TERM).output("");
    });
}

#[test]
fn reports_replace_files_at_the_end() {
    let scene = Scene::new();
    NAMES.iter().for_each(|name| fs::write(scene.path(name), OLD).unwrap());
    fs::set_permissions(scene.path("a.csv"), Permissions::from_mode(0o640)).unwrap();
    let bench = scene.plain_bench(&format!("-v latency --size 1 --at ./s {}", outputs()));
    let bench = bench.start_listening();
    let mut client = scene.wire("./s");
    client.send("x");
    client.expect("x");
    are_untouched(&scene, "while it measures");
    client.end();
    bench.end().ok();
    assert_eq!(scene.files(), NAMES);
    let new = |name: &&str| !fs::read_to_string(scene.path(name)).unwrap().contains(OLD);
    assert!(NAMES.iter().all(new), "one was not written");
    let mode = fs::metadata(scene.path("a.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_folder_that_does_not_exist() {
    for (option, name) in OUTPUTS {
        let (scene, path) = (Scene::new(), format!("absent/{name}"));
        let parts = ["cannot write to ", &path, "no such file or directory"];
        refused(&scene, &format!("{option} {path}"), 1, &parts);
    }
}

#[test]
fn a_folder_instead_of_a_file() {
    for (option, _) in OUTPUTS {
        let scene = Scene::new();
        fs::create_dir(scene.path("folder")).unwrap();
        let parts = ["cannot write to folder", "directory"];
        refused(&scene, &format!("{option} folder"), 1, &parts);
    }
}

/// Only a folder can have these names, although a file could be created beside it.
#[test]
fn a_name_that_only_a_folder_can_have() {
    for name in ["x/", "x/."] {
        refused(&Scene::new(), &format!("--json {name}"), 1, &["cannot write to x/"]);
    }
}

/// A report to another name of stdout replaces the table as well.
#[test]
fn another_name_of_stdout() {
    let scene = Scene::new();
    for name in ["/dev/stdout", "./report"] {
        let file = File::create(scene.path("report")).unwrap();
        let bench = scene.plain_bench(&format!("{SHORT} --csv {name}")).stdout(file);
        let outcome = bench.run().ok();
        let text = fs::read_to_string(scene.path("report")).unwrap();
        assert!(text.starts_with("workload,over,"), "{name}: {text}\n{}", outcome.report());
        assert_eq!(text.lines().count(), 2, "{name}: {text}\n{}", outcome.report());
    }
    refused(&scene, "--csv - --json /dev/stdout", 2, &["two reports"]);
}

#[test]
fn one_of_several_files_cannot_be_written() {
    let scene = Scene::new();
    fs::write(scene.path("a.json"), OLD).unwrap();
    refused(&scene, "--json a.json --csv a.csv --plot absent/a.svg", 1, &["absent/a.svg"]);
    are_untouched(&scene, "");
}

#[test]
fn a_file_that_may_not_be_written_to() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    // The user may create files in the folder.
    fs::set_permissions(scene.folder(), Permissions::from_mode(0o777)).unwrap();
    fs::write(scene.path("a.json"), OLD).unwrap();
    fs::set_permissions(scene.path("a.json"), Permissions::from_mode(0o444)).unwrap();
    let (host, name) = scene.host("./s");
    fs::set_permissions(scene.path("s"), Permissions::from_mode(0o777)).unwrap();
    let line = format!("bench latency --to {name} --json a.json");
    let bench = scene.command(lsock).args(line.split(' ')).user(NOBODY);
    let outcome = bench.run().fails(1).says("a.json").says("permission denied").output("");
    assert!(!has_client(&host), "it has begun to measure\n{}", outcome.report());
    are_untouched(&scene, &outcome.report());
    assert_eq!(scene.files(), ["a.json", "lsock", "s"]);
}

#[test]
fn two_reports_for_one_file() {
    for outputs in [
        "--json a --save a",
        "--json a --csv ./a",
        "--csv a --markdown folder/../a",
        "--markdown a --plot link",
        "--json new --save away",
        "--json - --csv -",
    ] {
        let scene = Scene::new();
        fs::create_dir(scene.path("folder")).unwrap();
        fs::write(scene.path("a"), OLD).unwrap();
        symlink("a", scene.path("link")).unwrap();
        symlink("./new", scene.path("away")).unwrap();
        refused(&scene, outputs, 2, &["two reports cannot both go to ", "hint: "]);
        assert_eq!(fs::read_to_string(scene.path("a")).unwrap(), OLD);
    }
}

/// An error of stdout does not prevent files.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let scene = Scene::new();
    let bench = scene.plain_bench(&format!("{SHORT} {}", outputs())).stdout(full());
    bench.run().fails(1).says("no space left");
    assert_eq!(scene.files(), NAMES);
    for form in ["--json -", "--csv -", "--markdown -"] {
        let scene = Scene::new();
        let bench = scene.plain_bench(&format!("{SHORT} {form} --plot a.svg"));
        bench.stdout(full()).run().fails(1).says("no space left");
        assert_eq!(scene.files(), ["a.svg"], "{form}");
    }
}

/// An error of a file does not prevent stdout.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_a_file() {
    let scene = Scene::new();
    let bench = scene.plain_bench(&format!("{SHORT} --json /dev/full --csv a.csv"));
    let outcome = bench.run().fails(1).says("cannot write to /dev/full: no space left");
    assert!(outcome.stdout.starts_with(b"lsock "), "{}", outcome.report());
    assert_eq!(scene.files(), ["a.csv"]);
}

#[test]
fn in_a_pipeline_with_head() {
    let scene = Scene::new();
    let script = r#"{ "$0" bench "$@"; echo status $? >&2; } | head -n 1"#;
    let shell = scene.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_lsock")]);
    let outcome = shell.args(SHORT.split(' ')).run().ok();
    assert!(outcome.stdout.starts_with(b"lsock ") && outcome.stderr == "status 0\n");
}
