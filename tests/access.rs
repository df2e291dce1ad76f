//! Nobody gets in who does not belong.

use crate::harness::{Cmd, NOBODY, Scene, has, is_root, signal, wait_for_file};
use rustix::process::Signal;
use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

const NO_ARGS: [&str; 0] = [];

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

/// A client of another user. The folder lets everybody in: it is the file that does not.
fn stranger(scene: &Scene, args: &[&str]) -> Cmd {
    scene.command(scene.path("lsock")).args(args).user(NOBODY)
}

/// A scene that strangers can come to.
fn open_scene() -> Scene {
    let scene = Scene::new();
    scene.lsock_for_all();
    scene
}

#[test]
fn a_file_is_private_whatever_the_umask() {
    let scene = Scene::new();
    for umask in ["000", "022", "077", "777", "177"] {
        for (args, expected) in [("", 0o600), ("--mode 666", 0o666), ("--mode 0640", 0o640)] {
            let script = format!(r#"umask {umask}; exec "$0" listen -v ./s {args}"#);
            let shell = scene.command("sh").args(["-c", &script, env!("CARGO_BIN_EXE_lsock")]);
            let server = shell.open_input().start_listening();
            assert_eq!(mode(&scene.path("s")), expected, "umask {umask}, {args}");
            signal(&server, Signal::TERM);
            server.end().died_of(Signal::TERM);
        }
    }
}

/// Not even for a moment is it anything else.
#[test]
fn a_file_is_private_from_the_first_moment() {
    let scene = Scene::new();
    let (path, is_over) = (scene.path("s"), std::sync::Arc::new(std::sync::Mutex::new(false)));
    let watched = std::sync::Arc::clone(&is_over);
    let watcher = std::thread::spawn(move || {
        let mut modes = std::collections::BTreeSet::new();
        while !*watched.lock().unwrap() {
            if let Ok(metadata) = path.symlink_metadata() {
                modes.insert(metadata.mode() & 0o777);
            }
        }
        modes
    });
    for _ in 0..20 {
        let script = r#"umask 0; exec "$0" listen -v ./s --replace"#;
        let shell = scene.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_lsock")]);
        let server = shell.open_input().start_listening();
        wait_for_file(&scene.path("s"));
        signal(&server, Signal::TERM);
        server.end().died_of(Signal::TERM);
    }
    *is_over.lock().unwrap() = true;
    let modes = watcher.join().unwrap();
    assert!(modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    assert!(!modes.is_empty());
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
        assert!(value.is_empty() || outcome.stderr.contains(value.split(':').next_back().unwrap()));
    }
    scene.lsock(["listen", "./s", "--sddl", "D:"]).run().fails(2).says("--sddl").says("Windows");
    assert!(scene.files().is_empty());
}

#[test]
fn a_stranger_cannot_connect_to_a_default_file() {
    if !is_root() {
        return;
    }
    let scene = open_scene();
    let server = scene.listen("./s", ["-k", "--", "echo", "secret"]).start_listening();
    let outcome = stranger(&scene, &["connect", "./s"]).run().fails(3).output("");
    outcome.says("permission denied").says("hint: its owner decides");
    scene.connect("./s", NO_ARGS).run().silent().output("secret\n");
    drop(server);
}

#[test]
fn a_stranger_is_not_served_on_a_default_abstract_name() {
    if !is_root() || !cfg!(target_os = "linux") {
        return;
    }
    let scene = open_scene();
    let server = scene.listen(scene.word(), ["-k", "--", "echo", "secret"]).start_listening();
    for _ in 0..3 {
        let client = stranger(&scene, &["connect", scene.word()]).start();
        let pid = client.pid();
        client.end().output("");
        // Not a line at info: a warning that says who it was.
        server.wait_for_message(&format!(
            "warning: refused a client that may not connect: pid {pid} uid {NOBODY} gid {NOBODY}"
        ));
    }
    // The next one is served.
    scene.connect(scene.word(), NO_ARGS).run().silent().output("secret\n");
}

/// A listener of one client waits for one that may be served.
#[test]
fn a_refused_client_is_not_the_only_one() {
    if !is_root() || !cfg!(target_os = "linux") {
        return;
    }
    let scene = open_scene();
    let server = scene.listen(scene.word(), NO_ARGS).input("secret").start_listening();
    stranger(&scene, &["connect", scene.word()]).run().output("");
    scene.connect(scene.word(), NO_ARGS).run().silent().output("secret");
    server.end().ok().says("refused a client");
}

#[test]
fn a_stranger_is_served_where_that_is_asked_for() {
    if !is_root() {
        return;
    }
    let scene = open_scene();
    let nobody = format!("uid:{NOBODY}");
    let nogroup = format!("gid:{NOBODY}");
    let cases = [
        ("./s", &["--mode", "666"][..]),
        ("./s", &["--mode", "666", "--allow", "any"]),
        ("./s", &["--mode", "666", "--allow", &nobody]),
        ("./s", &["--mode", "666", "--allow", &nogroup]),
        ("./s", &["--mode", "660", "--group", "65534"]),
        (scene.word(), &["--allow", "any"]),
        (scene.word(), &["--allow", &nobody]),
        (scene.word(), &["--allow", "user:nobody"]),
        (scene.word(), &["--allow", "uid:0", "--allow", &nogroup]),
    ];
    for (name, args) in cases {
        if !cfg!(target_os = "linux") && name == scene.word() {
            continue;
        }
        let server = scene.listen(name, args).input("shared").start_listening();
        stranger(&scene, &["connect", name]).run().silent().output("shared");
        server.end().ok().does_not_say("refused");
    }
}

#[test]
fn others_than_those_who_are_allowed_are_refused() {
    if !is_root() {
        return;
    }
    let scene = open_scene();
    let nobody = format!("uid:{NOBODY}");
    // Root itself is nobody special once it is said who may.
    let server =
        scene.listen("./s", ["-k", "--mode", "666", "--allow", &nobody, "--", "echo", "x"]);
    let server = server.start_listening();
    scene.connect("./s", NO_ARGS).run().output("");
    server.wait_for_message("uid 0");
    stranger(&scene, &["connect", "./s"]).run().silent().output("x\n");
    drop(server);
    for who in ["uid:0", "user:root", "gid:0", "group:root"] {
        let args = ["-k", "--mode", "666", "--allow", who, "--", "echo", "x"];
        let server = scene.listen("./s", args).start_listening();
        stranger(&scene, &["connect", "./s"]).run().output("");
        server.wait_for_message(&format!("uid {NOBODY}"));
        scene.connect("./s", NO_ARGS).run().silent().output("x\n");
    }
}

#[test]
fn a_group_is_given_to_the_file() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let server = scene.listen("./s", ["--group", "65534", "--mode", "660"]).start_listening();
    let metadata = scene.path("s").symlink_metadata().unwrap();
    assert_eq!((metadata.gid(), metadata.mode() & 0o777), (65534, 0o660));
    drop(server);
}

/// A stranger tries all the time while the server starts, many times.
#[test]
fn a_stranger_gets_in_at_no_moment() {
    if !is_root() {
        return;
    }
    let scene = open_scene();
    fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o777)).unwrap();
    let names = if cfg!(target_os = "linux") { vec!["./s", scene.word()] } else { vec!["./s"] };
    for name in names {
        let script =
            format!(r#"trap exit TERM; while :; do ./lsock connect -qq {name} --timeout 1s; done"#);
        let attacker = scene.command("sh").args(["-c", &script]).user(NOBODY).start();
        for _ in 0..15 {
            let script = r#"umask 0; exec "$0" listen -v "$1" -k -- echo secret"#;
            let shell = scene.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_lsock"), name]);
            let server = shell.start_listening();
            scene.connect(name, NO_ARGS).run().output("secret\n");
            signal(&server, Signal::TERM);
            server.end().died_of(Signal::TERM);
        }
        signal(&attacker, Signal::TERM);
        attacker.end().output("");
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_a_warning() {
    let scene = Scene::new();
    fs::create_dir(scene.path("open")).unwrap();
    for (mode, is_unsafe) in [(0o777, true), (0o770, true), (0o1777, false), (0o755, false)] {
        fs::set_permissions(scene.path("open"), fs::Permissions::from_mode(mode)).unwrap();
        let server = scene.listen("./open/s", NO_ARGS).start_listening();
        drop(scene.dial("open/s"));
        let outcome = server.end().ok();
        assert_eq!(outcome.stderr.contains("other users can write"), is_unsafe, "{mode:o}");
    }
}

/// Its owner can rename what is in it, with the sticky bit or without.
#[test]
fn a_folder_that_belongs_to_another_user_is_a_warning() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    fs::create_dir(scene.path("theirs")).unwrap();
    for (mode, owner) in [(0o755, NOBODY), (0o1777, NOBODY), (0o755, 0)] {
        fs::set_permissions(scene.path("theirs"), fs::Permissions::from_mode(mode)).unwrap();
        std::os::unix::fs::chown(scene.path("theirs"), Some(owner), None).unwrap();
        let server = scene.listen("./theirs/s", NO_ARGS).start_listening();
        drop(scene.dial("theirs/s"));
        let outcome = server.end().ok();
        if owner == 0 {
            outcome.does_not_say("warning");
        } else {
            outcome.says(&format!("./theirs belongs to another user (uid {owner}): they can"));
        }
    }
}

#[test]
fn allowing_whom_the_mode_keeps_out_is_a_warning() {
    let scene = Scene::new();
    let server = scene.listen("./s", ["--allow", "uid:65534"]).start_listening();
    server.wait_for_message("warning: --allow names users whom the mode");
}

#[test]
fn a_forbidden_folder() {
    if !is_root() {
        return;
    }
    let scene = open_scene();
    fs::create_dir(scene.path("closed")).unwrap();
    fs::set_permissions(scene.path("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    let outcome = stranger(&scene, &["listen", "./closed/s"]).run().fails(3);
    outcome.says("./closed/s: permission denied").says("hint: ");
    // One that can be looked into, but not written to.
    let outcome = stranger(&scene, &["listen", "./s"]).run().fails(3);
    outcome.says("./s: permission denied").says("hint: ");
    assert_eq!(scene.files(), ["closed", "lsock"]);
}

/// That somebody serves there is worth more to the user than that the folder is not
/// writable, unless the name was to be replaced. Who it is, the system tells only of
/// processes of the same user; asking the server itself would cost it a client.
#[test]
fn a_strangers_live_name() {
    if !is_root() {
        return;
    }
    let scene = open_scene();
    let _server = scene.listen("./s", ["--mode", "666", "-k", "--", "cat"]).start_listening();
    let outcome = stranger(&scene, &["listen", "./s"]).run().fails(3);
    // Which process it is, the system tells only to its user.
    outcome.says("./s: a live server holds the name: uid 0").says("hint: ");
    let outcome = stranger(&scene, &["listen", "./s", "--replace"]).run().fails(3);
    outcome.says("./s: permission denied").says("hint: ");
    let mut client = scene.dial("s");
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
}

/// Whether this process may make user namespaces, which some systems forbid.
#[cfg(target_os = "linux")]
fn has_user_namespaces(scene: &Scene, map: &str) -> bool {
    is_root()
        && has("unshare")
        && scene.command("unshare").args([map, "true"]).run().status.success()
}

/// In a user namespace all users that it does not map have one number: whoever has that may
/// be anybody.
#[cfg(target_os = "linux")]
#[test]
fn a_user_that_a_namespace_does_not_map_is_nobody() {
    let scene = open_scene();
    if !has_user_namespaces(&scene, "--user") {
        return;
    }
    let listen = |args: &[&str]| {
        let lsock = env!("CARGO_BIN_EXE_lsock");
        let unshare =
            scene.command("unshare").args(["--user", lsock, "listen", "-v", scene.word()]);
        unshare.args(args).args(["-k", "--", "echo", "secret"]).start_listening()
    };
    for args in [&[][..], &["--allow", "uid:65534"], &["--allow", "gid:65534"]] {
        let server = listen(args);
        for client in
            [stranger(&scene, &["connect", scene.word()]), scene.connect(scene.word(), NO_ARGS)]
        {
            let client = client.start();
            let pid = client.pid();
            client.end().output("");
            server.wait_for_message(&format!(
                "refused a client that may not connect: pid {pid} uid 65534"
            ));
        }
        signal(&server, Signal::TERM);
        let outcome = server.end();
        let warns = outcome.stderr.contains("uid 65534 can be any user");
        assert_eq!(warns, !args.contains(&"gid:65534"), "{}", outcome.report());
    }
    let server = listen(&["--allow", "any"]);
    stranger(&scene, &["connect", scene.word()]).run().silent().output("secret\n");
    signal(&server, Signal::TERM);
    server.end().does_not_say("any user");
}

#[cfg(target_os = "linux")]
#[test]
fn a_user_that_a_namespace_maps_is_served_there_and_no_other() {
    let scene = open_scene();
    if !has_user_namespaces(&scene, "--map-root-user") {
        return;
    }
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let unshare = scene.command("unshare").args(["--map-root-user", lsock, "listen", "-v"]);
    let server = unshare.args([scene.word(), "-k", "--", "echo", "secret"]).start_listening();
    stranger(&scene, &["connect", scene.word()]).run().output("");
    server.wait_for_message("uid 65534");
    scene.connect(scene.word(), NO_ARGS).run().silent().output("secret\n");
    signal(&server, Signal::TERM);
    server.end().does_not_say("any user");
}

/// Outside of such a namespace that number is a user like any other.
#[cfg(target_os = "linux")]
#[test]
fn nobody_is_served_by_nobody() {
    if !is_root() {
        return;
    }
    let scene = open_scene();
    let listen = ["listen", "-v", scene.word(), "-k", "--", "echo", "secret"];
    let server = stranger(&scene, &listen).start_listening();
    stranger(&scene, &["connect", scene.word()]).run().silent().output("secret\n");
    signal(&server, Signal::TERM);
    server.end().does_not_say("any user");
}

/// The system has no small limit for the groups of a user.
#[cfg(target_os = "linux")]
#[test]
fn a_member_of_many_groups_is_served() {
    if !is_root() || !has("setpriv") {
        return;
    }
    let scene = open_scene();
    for count in [16, 17, 100, 3000] {
        let groups: Vec<_> = (1..=count).map(|index| (70_000 + index).to_string()).collect();
        let last = format!("gid:{}", 70_000 + count);
        let args = ["--mode", "666", "--allow", &last];
        let server = scene.listen("./s", args).input("shared").start_listening();
        let client = scene.command("setpriv").args(["--reuid=65534", "--regid=65534"]);
        let client = client.arg(format!("--groups={}", groups.join(",")));
        client.args(["./lsock", "connect", "./s"]).run().silent().output("shared");
        server.end().ok().does_not_say("refused");
    }
}
