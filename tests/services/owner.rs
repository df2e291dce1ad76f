//! `--owner`: the user to whom the socket file belongs.

use crate::harness::{Cmd, NOBODY, Scene};
use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
};

/// A user who is neither root nor nobody.
const OTHER: u32 = 12_345;

fn connect_as(scene: &Scene, user: u32) -> Cmd {
    scene.command(scene.path("lsock")).args(["connect", "./s"]).user(user)
}

#[test]
fn the_owner_of_the_socket_file_is_served() {
    let Some(scene) = Scene::for_all_users() else { return };
    for (owner, replaces) in [("nobody", false), ("user:nobody", true), ("uid:65534", true)] {
        let args = ["--owner", owner, "-k", "--", "echo", "hi"];
        let replace = if replaces { &["--replace"][..] } else { &[] };
        // A live server is replaced as well.
        let _old = replaces.then(|| scene.listen("./s").start_listening());
        let server = scene.listen("./s").args(replace).args(args).start_listening();
        let file = scene.path("s").symlink_metadata().unwrap();
        assert_eq!((file.uid(), file.mode() & 0o7777), (NOBODY, 0o600));
        connect_as(&scene, NOBODY).run().silent().output("hi\n");
        scene.connect("./s").run().silent().output("hi\n");
        connect_as(&scene, OTHER).run().fails(3).says("permission denied");
        server.does_not_say("warning");
        server.terminate();
        assert!(!scene.path("s").exists());
    }
}

#[test]
fn it_is_combined_with_mode_group_and_rules() {
    let Some(scene) = Scene::for_all_users() else { return };
    let args = ["--owner", "uid:12345", "--group", "65534", "--mode", "640"];
    let server = scene.listen("./s").args(args).args(["-k", "--", "echo", "hi"]).start_listening();
    let file = scene.path("s").symlink_metadata().unwrap();
    assert_eq!((file.uid(), file.gid(), file.mode() & 0o7777), (OTHER, NOBODY, 0o640));
    connect_as(&scene, OTHER).run().silent().output("hi\n");
    connect_as(&scene, NOBODY).run().fails(3);
    server.terminate();
    // With --allow nobody else is served.
    for (rule, is_served) in [("uid:0", false), ("uid:12345", true)] {
        let args = ["--owner", "uid:12345", "--allow", rule, "-k", "--", "echo", "hi"];
        let server = scene.listen("./s").args(args).start_listening();
        let expected = if is_served { "hi\n" } else { "" };
        connect_as(&scene, OTHER).arg("--recv-only").run().output(expected);
        // The mode does not keep out the owner.
        server.does_not_say("keeps out");
        server.terminate();
    }
}

/// systemd's `SocketUser=` and `SocketMode=0600`.
#[test]
fn the_owner_of_an_inherited_socket_file_is_served() {
    let Some(scene) = Scene::for_all_users() else { return };
    let (host, _) = scene.host("./s");
    std::os::unix::fs::chown(scene.path("s"), Some(NOBODY), None).unwrap();
    fs::set_permissions(scene.path("s"), Permissions::from_mode(0o600)).unwrap();
    let crate::harness::Host::Local(socket) = &host else { panic!("a local socket") };
    let script = r#"exec 3<&0 0</dev/null; exec "$0" relay -v fd:3 'exec:echo hi'"#;
    let socket = std::os::fd::OwnedFd::from(socket.try_clone().unwrap());
    let _relay = scene.shell(script).stdin(socket).start_listening();
    connect_as(&scene, NOBODY).run().silent().output("hi\n");
}

#[test]
fn another_owner_takes_privileges() {
    let Some(scene) = Scene::for_all_users() else { return };
    fs::set_permissions(scene.folder(), Permissions::from_mode(0o1777)).unwrap();
    let listen = |owner: &str| {
        let command = scene.command(scene.path("lsock")).user(NOBODY);
        command.args(["listen", "./s", "--owner", owner, "-k", "--", "echo", "hi"])
    };
    let text = "cannot bind ./s: cannot give it to uid 0: operation not permitted";
    listen("root").run().fails(3).says(text);
    assert!(!scene.path("s").exists());
    // The own user needs none.
    let server = listen("nobody").start();
    connect_as(&scene, NOBODY).arg("--wait=20s").run().output("hi\n");
    server.terminate();
}

#[test]
fn only_socket_files_have_an_owner() {
    let scene = Scene::new();
    scene.expect_wrong_usage(
        &["listen", "--owner"],
        &[
            (&["root", scene.word()], "--owner is not available: an abstract socket is no file"),
            (&["no-such-user-anywhere", "./s"], "there is no user `no-such-user-anywhere`"),
            (&["65534", "./s"], "write uid:65534"),
            (&["group:root", "./s"], "--group sets its group"),
            (&["sid:S-1-5-18", "./s"], "only Windows has security identifiers"),
            (&["", "./s"], "it takes NAME, user:NAME or uid:N"),
        ],
    );
    scene.expect_wrong_usage(
        &["relay", "--owner", "root"],
        &[
            (&["tcp:127.0.0.1:0", "./t"], "--owner is not available: a TCP port has no file"),
            (&["-", "./t"], "--owner is not available"),
            (&["fd:3", "./t"], "--owner is not available: it was decided when the socket"),
        ],
    );
}
