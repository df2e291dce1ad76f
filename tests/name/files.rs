//! What stands at a path, and who has rights to it.

use crate::harness::{NOBODY, Outcome, Scene, is_root};
use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt, chown, symlink},
        net::{UnixDatagram, UnixListener},
    },
};

/// Fails unless the report on a name has these lines and this status.
#[track_caller]
fn report(scene: &Scene, name: &str, status: i32, lines: &[&str]) -> Outcome {
    let outcome = scene.lsock(["name", name]).run().code(status);
    assert_eq!(outcome.stderr, "", "{}", outcome.report());
    let has = |line: &&&str| {
        outcome.stdout_text().lines().any(|found| {
            let found = found
                .trim_start()
                .split_once("  ")
                .map(|(label, text)| format!("{label}: {}", text.trim_start()));
            found.is_some_and(|found| found.starts_with(**line))
        })
    };
    let missing: Vec<_> = lines.iter().filter(|line| !has(line)).collect();
    assert!(missing.is_empty(), "without {missing:?}:\n{}", outcome.report());
    outcome
}

#[test]
fn every_kind_of_file_is_named() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    scene.command("mkfifo").arg("fifo").run().ok();
    symlink("nowhere", scene.path("dangling")).unwrap();
    symlink("loop", scene.path("loop")).unwrap();
    drop(UnixListener::bind(scene.path("stale")).unwrap());
    let _server = UnixListener::bind(scene.path("live")).unwrap();
    let _receiver = UnixDatagram::bind(scene.path("datagram")).unwrap();
    for (name, there) in [
        ("./file", "there: a regular file, not a socket; owner "),
        ("./folder", "there: a folder, not a socket; owner "),
        ("./fifo", "there: a fifo, not a socket; owner "),
        ("/dev/null", "there: a device, not a socket; owner root, group root, mode 0666"),
        ("./missing", "there: nothing: ./missing does not exist"),
        ("./no/folder/s", "there: nothing: ./no does not exist"),
        ("./file/s", "there: nothing: ./file is a regular file, not a folder"),
        ("./file/", "there: nothing: ./file is a regular file, not a folder"),
        ("./live/", "there: nothing: ./live is a socket, not a folder"),
        ("./missing/", "there: nothing: ./missing does not exist"),
        ("./folder/", "there: a folder, not a socket; owner "),
        ("./dangling", "there: nothing: ./nowhere does not exist"),
        ("./loop", "there: nothing: the symbolic link ./loop leads back to itself"),
        ("./stale", "there: a socket file whose server has ended; owner "),
    ] {
        report(&scene, name, 3, &[there]).prints(": nobody listens\n");
    }
    report(&scene, "./live", 0, &["access: this user may connect"]).prints("somebody listens\n");
    let lines = ["there: a datagram socket; owner "];
    report(&scene, "./datagram", 0, &lines).prints("somebody receives datagrams\n");
}

#[test]
fn symbolic_links_are_followed_and_shown() {
    let scene = Scene::new();
    fs::create_dir(scene.path("real")).unwrap();
    let _server = UnixListener::bind(scene.path("real/s")).unwrap();
    symlink("real", scene.path("folder")).unwrap();
    symlink("folder/s", scene.path("link")).unwrap();
    let links = ["link: ./link -> ./folder/s", "link: ./folder -> ./real"];
    report(&scene, "./link", 0, &links);
}

#[test]
fn the_length_is_that_of_the_bytes() {
    let scene = Scene::new();
    let lines = [
        "on Linux: socket file ./ä, 4 of at most 108 bytes",
        "on Unix: socket file ./ä, 4 of at most 104 bytes",
        r"on Windows: no name: only \\.\pipe\NAME is a path of a local socket there",
    ];
    report(&scene, "./ä", 3, &lines);
    // Control characters do not reach a terminal.
    report(&scene, "fs-hex:2e2f1b5b41", 3, &["there: nothing: ./\\u{1b}[A does not exist"]);
}

#[test]
fn a_folder_that_others_can_write_to_is_a_danger() {
    let scene = Scene::new();
    fs::create_dir(scene.path("open")).unwrap();
    fs::create_dir(scene.path("open/inner")).unwrap();
    fs::set_permissions(scene.path("open/inner"), Permissions::from_mode(0o700)).unwrap();
    let _server = UnixListener::bind(scene.path("open/inner/s")).unwrap();
    symlink("open/inner/s", scene.path("link")).unwrap();
    for (mode, label) in
        [(0o755, "safety: no other user can replace it"), (0o777, "danger: other users")]
    {
        fs::set_permissions(scene.path("open"), Permissions::from_mode(mode)).unwrap();
        for name in ["./open/inner/s", "./link"] {
            report(&scene, name, 0, &[label]);
        }
    }
}

/// The sticky bit keeps other users from replacing a file, but not its owner.
#[test]
fn the_owner_of_a_file_in_a_shared_folder_can_replace_it() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    fs::create_dir(scene.path("shared")).unwrap();
    let _server = UnixListener::bind(scene.path("shared/s")).unwrap();
    chown(scene.path("shared/s"), Some(NOBODY), None).unwrap();
    symlink("shared/s", scene.path("link")).unwrap();
    let safe = "safety: no other user can replace it, except root";
    for (mode, owner) in [(0o755, ""), (0o1777, " and its owner")] {
        fs::set_permissions(scene.path("shared"), Permissions::from_mode(mode)).unwrap();
        for name in ["./shared/s", "./link"] {
            let outcome = report(&scene, name, 0, &[safe]);
            outcome.prints(&format!("{}{owner}\n", &safe["safety: ".len()..]));
        }
    }
}

#[test]
fn the_group_that_has_the_rights_is_named() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.lsock_for_all();
    let _server = UnixListener::bind(scene.path("s")).unwrap();
    let group = Some(1);
    chown(scene.path("s"), None, group).unwrap();
    fs::set_permissions(scene.path("s"), Permissions::from_mode(0o660)).unwrap();
    fs::create_dir(scene.path("closed")).unwrap();
    let _inner = UnixListener::bind(scene.path("closed/s")).unwrap();
    chown(scene.path("closed"), None, group).unwrap();
    fs::set_permissions(scene.path("closed"), Permissions::from_mode(0o750)).unwrap();
    let as_nobody =
        |args: &[&str]| scene.command(scene.path("lsock")).args(args).user(NOBODY).run();
    let outcome = as_nobody(&["name", "./s"]);
    outcome.prints_all(&[
        "owner root, group daemon, mode 0660",
        "may not connect (needs group daemon)",
    ]);
    let closed = "this user may not search the folder ./closed \
                  (owner root, mode 0750, needs group daemon)";
    let outcome = as_nobody(&["name", "./closed/s"]).code(3);
    outcome.prints_all(&[
        "./closed/s: whether somebody listens is not known\n",
        &format!("not known: {closed}"),
    ]);
    let hint = "hint: root can add this user to group daemon; it counts from the next login";
    as_nobody(&["connect", "./closed/s"]).fails(3).says(closed).says(hint);
    let socket = "it is a socket file that this user may not write to \
                  (owner root, mode 0660, needs group daemon)";
    as_nobody(&["connect", "./s"]).fails(3).says(socket).says(hint);
    // A group without the right, or a list of rights that is not in the mode, is not named.
    fs::set_permissions(scene.path("s"), Permissions::from_mode(0o640)).unwrap();
    as_nobody(&["connect", "./s"]).fails(3).says("(owner root, mode 0640)");
    let socket = "permission denied: it is a socket file that this user may not write to";
    as_nobody(&["name", "--probe", "./s"]).code(3).prints(socket);
}

#[test]
fn a_tap_that_was_left_behind_is_named() {
    let scene = Scene::new();
    let _server = scene.echo("./s");
    let tap = scene.lsock(["tap", "-v", "./s"]).start();
    tap.wait_for_message("tapping ");
    // While it runs nothing is left behind.
    let line = "tap: ./.s.lsock-tap is open too: it is the server's, if a tap listens here";
    report(&scene, "./s", 0, &[line]);
    tap.kill();
    let line = "tap: a tap was killed; the server's file is ./.s.lsock-tap now: \
                `lsock tap --restore ./s` puts it back";
    report(&scene, "./s", 3, &[line]);
    scene.lsock(["tap", "--restore", "./s"]).run().ok();
    report(&scene, "./s", 0, &["server: pid "]);
}

/// The states of the table in `src/inspect/tap.rs`, and those of a server that has ended since.
#[test]
fn what_a_tap_has_left_is_put_right_by_the_command_in_the_report() {
    const SERVER: &str =
        "the server's file is ./.s.lsock-tap now: `lsock tap --restore ./s` puts it";
    const STALE: &str = "a tap has left the stale file ./.s.lsock-tap behind: \
                         `lsock tap --restore ./s` removes it";
    // At the name and aside: whether there is a file, and whether its socket is open.
    for (at_name, aside, line, status_before, status_after) in [
        (Some(true), Some(false), STALE, 0, 0),
        (Some(false), Some(true), SERVER, 3, 0),
        (None, Some(true), SERVER, 3, 0),
        // The server has ended.
        (Some(false), Some(false), STALE, 3, 3),
        (None, Some(false), STALE, 3, 3),
    ] {
        let scene = Scene::new();
        let create = |path, is_open: Option<bool>| {
            let socket = is_open.map(|_| UnixListener::bind(scene.path(path)).unwrap());
            socket.filter(|_| is_open == Some(true))
        };
        let _sockets = (create("s", at_name), create(".s.lsock-tap", aside));
        let name = || scene.lsock(["name", "./s"]).run();
        name().code(status_before).prints("  tap  ").prints(line);
        scene.lsock(["name", "-q", "./s"]).run().code(status_before).output("");
        scene.lsock(["tap", "--restore", "./s"]).run().ok();
        let after = name().code(status_after);
        assert!(!after.stdout_text().contains("lsock-tap"), "{}", after.report());
        let has_name = at_name.is_some() || aside == Some(true);
        assert_eq!(scene.files(), if has_name { vec!["s"] } else { Vec::new() });
    }
}

/// The commands of the report do nothing where they would not be right.
#[test]
fn a_socket_beside_the_name_that_no_tap_has_put_there_is_told_apart() {
    let scene = Scene::new();
    drop(UnixListener::bind(scene.path("s")).unwrap());
    let _strange = UnixListener::bind(scene.path(".s.lsock-tap")).unwrap();
    for file in ["s", ".s.lsock-tap"] {
        let mode = if file == "s" { 0o600 } else { 0o666 };
        fs::set_permissions(scene.path(file), Permissions::from_mode(mode)).unwrap();
    }
    let line = "tap: ./.s.lsock-tap is an open socket, but has another owner, group or mode";
    report(&scene, "./s", 3, &[line]);
    scene
        .lsock(["tap", "--restore", "./s"])
        .run()
        .fails(3)
        .says("does not have the owner, group and mode");
    // Nor does connecting hint at it.
    scene.connect("./s").run().fails(3).does_not_say("lsock tap --restore");
    assert_eq!(scene.files(), [".s.lsock-tap", "s"]);
}

#[test]
fn the_tap_of_a_name_that_is_not_text_can_be_undone_as_the_report_says() {
    let scene = Scene::new();
    let name = "fs-hex:2e2f73ff";
    let _server = UnixListener::bind(scene.folder().join(OsStr::from_bytes(b"s\xff"))).unwrap();
    let tap = scene.lsock(["tap", "-v", name]).start();
    tap.wait_for_message("tapping ");
    tap.kill();
    let outcome = report(&scene, name, 3, &["tap: a tap was killed"]);
    let command = format!("`lsock tap --restore {name}` puts it back");
    outcome.prints(&command);
    scene.lsock(["tap", "--restore", name]).run().ok();
    report(&scene, name, 0, &["server: pid "]);
}
