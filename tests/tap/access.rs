//! Users: of the tap, of the server, of the clients.

use super::{expect_back, identity};
use crate::harness::{NOBODY, Scene, wait_until};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
};

fn files(scene: &Scene) -> Vec<String> {
    scene.files().into_iter().filter(|name| name != "lsock").collect()
}

fn set_mode(scene: &Scene, mode: u32) {
    fs::set_permissions(scene.path("s"), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_socket_that_others_may_connect_to_needs_as_me() {
    let Some(scene) = Scene::for_all_users() else { return };
    let _server = super::start_server(&scene);
    for mode in [0o666, 0o660, 0o622] {
        set_mode(&scene, mode);
        for options in [&[][..], &["--explain"]] {
            let outcome = scene.lsock(["tap", "./s"]).args(options).run().fails(2).output("");
            let outcome = outcome.says(&format!("may connect to it (owner root, mode {mode:04o})"));
            outcome.says("its server would take them for root\nhint: --as-me");
        }
        let explained = scene.lsock(["tap", "./s", "--as-me", "--explain"]).run().silent();
        explained.prints("move aside   to ./.s.lsock-tap\n");
    }
    // The file that a killed tap has left aside is one of them as well.
    super::start_tap(&scene, &["--as-me"]).kill();
    for options in [&[][..], &["--explain"]] {
        scene.lsock(["tap", "./s"]).args(options).run().fails(2).says("hint: --as-me");
    }
    scene.lsock(["tap", "--restore", "./s"]).run().ok();
    // The folder keeps them out.
    fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o700)).unwrap();
    super::start_tap(&scene, &[]).terminate().does_not_say("warning");
    assert_eq!(files(&scene), ["s"]);
}

/// Whoever could connect before can connect to the tap, and nobody else.
#[test]
fn with_as_me_everybody_whom_the_mode_admits_is_served() {
    let Some(scene) = Scene::for_all_users() else { return };
    let server = ["-k", "--allow", "any", "--", "sh", "-c", "echo $LSOCK_PEER_UID; cat"];
    let server = scene.listen("./s").args(server).start_listening();
    for (mode, is_served) in [(0o666, true), (0o600, false), (0o606, true), (0o660, false)] {
        set_mode(&scene, mode);
        let before = identity(&scene.path("s"));
        let connect = |uid: &str| {
            let outcome = scene.stranger(&["connect", "./s"]).run();
            if is_served {
                outcome.silent().output(format!("{uid}\n"));
            } else {
                outcome.fails(3).says("permission denied");
            }
        };
        connect(&NOBODY.to_string());
        let tap = super::start_tap(&scene, &["--as-me"]);
        assert_eq!(identity(&scene.path("s")).2, before.2);
        tap.wait_for_message("warning: the server sees all clients as root");
        connect("0");
        scene.connect("./s").run().silent().output("0\n");
        tap.terminate();
        assert_eq!(identity(&scene.path("s")), before);
    }
    server.terminate();
}

#[test]
fn owner_and_group_are_those_of_the_server() {
    let Some(scene) = Scene::for_all_users() else { return };
    let _server = super::start_server(&scene);
    chown(scene.path("s"), Some(NOBODY), Some(7)).unwrap();
    set_mode(&scene, 0o640);
    let before = identity(&scene.path("s"));
    scene.lsock(["tap", "./s"]).run().fails(2).says("may connect to it (owner nobody, mode 0640)");
    let tap = super::start_tap(&scene, &["--as-me"]);
    let during = identity(&scene.path("s"));
    assert_eq!((during.2, during.3, during.4), (before.2, NOBODY, 7));
    let client = scene.stranger(&["connect", "./s"]).input("mine").run();
    client.silent().output("mine");
    tap.terminate();
    assert_eq!(identity(&scene.path("s")), before);
}

/// Only the owner of the socket file, or root, can stand in with the same owner.
#[test]
fn a_socket_of_another_user_is_refused() {
    let Some(scene) = Scene::for_all_users() else { return };
    let _server = super::start_server(&scene);
    set_mode(&scene, 0o666);
    fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o777)).unwrap();
    for option in ["-v", "--explain"] {
        let outcome = scene.stranger(&["tap", "--as-me", "./s", option]).run().fails(3);
        let reason = "it belongs to root, and this process runs as nobody\n";
        outcome.says(reason).says("hint: run lsock as root");
    }
    // The folder belongs to another user.
    chown(scene.path("s"), Some(NOBODY), None).unwrap();
    set_mode(&scene, 0o600);
    for (mode, reason) in [
        (0o755, "permission denied\n"),
        (0o733, "its folder cannot be read, which locking it takes\n"),
    ] {
        fs::set_permissions(scene.folder(), fs::Permissions::from_mode(mode)).unwrap();
        for option in ["-v", "--explain"] {
            let outcome = scene.stranger(&["tap", "./s", option]).run().fails(3);
            outcome.says(&format!("cannot tap ./s: {reason}")).output("");
        }
    }
    fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(files(&scene), ["s"]);
}

/// The mode is changed after the start.
#[test]
fn without_as_me_other_users_are_not_served() {
    let Some(scene) = Scene::for_all_users() else { return };
    let _server = super::start_server(&scene);
    set_mode(&scene, 0o600);
    let before = identity(&scene.path("s"));
    let tap = super::start_tap(&scene, &[]);
    set_mode(&scene, 0o666);
    scene.stranger(&["connect", "./s"]).input("mine").run().output("");
    tap.wait_for_message("refused a client that may not connect");
    scene.connect("./s").input("mine").run().silent().output("mine");
    tap.terminate();
    wait_until("the folder has the server's file", || files(&scene) == ["s"]);
    fs::remove_file(scene.path("lsock")).unwrap();
    expect_back(&scene, before);
}
