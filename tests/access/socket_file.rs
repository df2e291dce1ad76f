//! Mode and group of the socket file.

use crate::harness::{NOBODY, Scene, is_root, signal};
use rustix::process::Signal;
use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

#[test]
fn the_mode_does_not_depend_on_the_umask() {
    let scene = Scene::new();
    for umask in ["000", "022", "077", "777", "177"] {
        for (args, expected) in [("", 0o600), ("--mode 666", 0o666), ("--mode 0640", 0o640)] {
            let script = format!(r#"umask {umask}; exec "$0" listen -v ./s {args}"#);
            let server = scene.shell(&script).open_input().start_listening();
            let mode = scene.path("s").symlink_metadata().unwrap().mode() & 0o7777;
            assert_eq!(mode, expected, "umask {umask}, {args}");
            server.terminate();
        }
    }
}

#[test]
fn a_socket_file_is_private_from_the_first_moment() {
    let scene = Scene::new();
    let is_over = AtomicBool::new(false);
    let modes = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let (path, mut modes) = (scene.path("s"), BTreeSet::new());
            while !is_over.load(Relaxed) {
                modes.extend(path.symlink_metadata().map(|file| file.mode() & 0o777));
            }
            modes
        });
        for _ in 0..20 {
            let script = r#"umask 0; exec "$0" listen -v ./s --replace"#;
            scene.shell(script).open_input().start_listening().terminate();
        }
        is_over.store(true, Relaxed);
        watcher.join().unwrap()
    });
    assert_eq!(modes, BTreeSet::from([0o600]));
}

#[test]
fn bad_modes_and_unknown_users_are_wrong_usage() {
    let scene = Scene::new();
    let cases = [
        ["--mode", "999"],
        ["--mode", "1777"],
        ["--mode", "u=rw"],
        ["--mode", ""],
        ["--group", "no-such-group-anywhere"],
        ["--allow", "user:no-such-user-anywhere"],
        ["--allow", "group:no-such-group-anywhere"],
        ["--allow", "uid:root"],
        ["--allow", "uid:-1"],
        ["--allow", "gid:99999999999"],
        ["--allow", "root"],
        ["--allow", "user:"],
        ["--allow", ""],
    ];
    for [option, value] in cases {
        let outcome = scene.lsock(["listen", "./s", option, value]).run().fails(2);
        outcome.says(value.split(':').next_back().unwrap());
    }
    scene.lsock(["listen", "./s", "--sddl", "D:"]).run().fails(2).says("--sddl").says("Windows");
    scene.expect_empty();
}

#[test]
fn the_socket_file_gets_the_group() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let _server = scene.listen("./s").args(["--group", "65534", "--mode", "660"]).start_listening();
    let metadata = scene.path("s").symlink_metadata().unwrap();
    assert_eq!((metadata.gid(), metadata.mode() & 0o777), (65534, 0o660));
}

#[test]
fn another_user_never_connects_while_servers_start_and_end() {
    let Some(scene) = Scene::for_all_users() else { return };
    fs::set_permissions(scene.folder(), Permissions::from_mode(0o777)).unwrap();
    let names = if cfg!(target_os = "linux") { vec!["./s", scene.word()] } else { vec!["./s"] };
    for name in names {
        let script =
            format!(r#"trap exit TERM; while :; do ./lsock connect -qq {name} --timeout 1s; done"#);
        let attacker = scene.command("sh").args(["-c", &script]).user(NOBODY).start();
        for _ in 0..15 {
            let script = r#"umask 0; exec "$0" listen -v "$1" -k -- echo secret"#;
            let server = scene.shell(script).arg(name).start_listening();
            scene.connect(name).run().output("secret\n");
            server.terminate();
        }
        signal(&attacker, Signal::TERM);
        attacker.end().output("");
    }
}

#[test]
fn another_user_cannot_connect_to_a_file_with_the_default_mode() {
    let Some(scene) = Scene::for_all_users() else { return };
    let _server = super::start_secret_server(&scene, "./s", &[]);
    let outcome = scene.stranger(&["connect", "./s"]).run().fails(3).output("");
    outcome.says("permission denied").says("hint: its owner decides");
    scene.connect("./s").run().silent().output("secret\n");
}
