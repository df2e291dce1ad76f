//! Folders of socket files: who can write to them, and whom they belong to.

use crate::harness::{NOBODY, Scene, is_root};
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
};

/// Creates `./folder` with mode and owner, and listens in it for one client. Returns the log.
fn listen_in_folder(scene: &Scene, mode: u32, owner: Option<u32>) -> String {
    let folder = scene.path("folder");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
    chown(&folder, owner, None).unwrap();
    let server = scene.listen("./folder/s").start_listening();
    drop(scene.wire("./folder/s"));
    server.end().ok().stderr
}

#[test]
fn a_folder_that_others_can_write_to_is_a_warning() {
    let scene = Scene::new();
    for (mode, is_unsafe) in [(0o777, true), (0o770, true), (0o1777, false), (0o755, false)] {
        let log = listen_in_folder(&scene, mode, None);
        assert_eq!(log.contains("other users can write"), is_unsafe, "{mode:o}: {log}");
    }
}

/// The owner can rename files in it, with the sticky bit as well.
#[test]
fn a_folder_of_another_user_is_a_warning() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    for mode in [0o755, 0o1777] {
        let log = listen_in_folder(&scene, mode, Some(NOBODY));
        let warning = format!("./folder belongs to another user (uid {NOBODY}): they can");
        assert!(log.contains(&warning), "{mode:o}: {log}");
    }
    let log = listen_in_folder(&scene, 0o755, Some(0));
    assert!(!log.contains("warning"), "{log}");
}

#[test]
fn a_folder_without_permission_is_an_error_with_a_hint() {
    let Some(scene) = Scene::for_all_users() else { return };
    fs::create_dir(scene.path("closed")).unwrap();
    fs::set_permissions(scene.path("closed"), Permissions::from_mode(0o700)).unwrap();
    // One cannot be searched, the other not be written to.
    for name in ["./closed/s", "./s"] {
        let outcome = scene.stranger(&["listen", name]).run().fails(3);
        outcome.says(&format!("{name}: permission denied")).says("hint: ");
    }
    assert_eq!(scene.files(), ["closed", "lsock"]);
}

/// A live server is the more useful error, unless the name is to be replaced. The system names
/// processes of the same user only, and asking the server would cost it a client.
#[test]
fn a_name_that_another_users_server_holds_is_reported_with_the_user() {
    let Some(scene) = Scene::for_all_users() else { return };
    let args = ["--mode", "666", "-k", "--", "cat"];
    let _server = scene.listen("./s").args(args).start_listening();
    let outcome = scene.stranger(&["listen", "./s"]).run().fails(3);
    outcome.says("./s: a live server holds the name: uid 0").says("hint: ");
    let outcome = scene.stranger(&["listen", "./s", "--replace"]).run().fails(3);
    outcome.says("./s: permission denied").says("hint: ");
    scene.wire("./s").expect_echo("x");
}

/// The stranger has no permission to connect, so only the list of open sockets shows a server.
#[test]
fn a_socket_file_of_another_user_is_not_called_a_live_server_without_knowing() {
    let Some(scene) = Scene::for_all_users() else { return };
    fs::set_permissions(scene.folder(), Permissions::from_mode(0o777)).unwrap();
    drop(scene.host("./s"));
    fs::set_permissions(scene.path("s"), Permissions::from_mode(0o600)).unwrap();
    for args in [&["listen", "./s"][..], &["relay", "./s", "./t"]] {
        let outcome = scene.stranger(args).run().code(3).does_not_say("live server");
        outcome.says("./s: a socket file of uid 0 is there, and ").says("hint: ").says("root");
    }
    fs::remove_file(scene.path("s")).unwrap();
    let _server = scene.listen("./s").open_input().start_listening();
    let outcome = scene.stranger(&["listen", "./s"]).run().code(3);
    if cfg!(target_os = "linux") {
        outcome.says("./s: a live server holds the name: uid 0");
    } else {
        outcome.says("./s: a socket file of uid 0 is there, and ");
    }
}

#[test]
fn the_sticky_bit_of_a_folder_is_the_reason_why_a_file_is_not_replaced() {
    let Some(scene) = Scene::for_all_users() else { return };
    fs::create_dir(scene.path("sticky")).unwrap();
    fs::set_permissions(scene.path("sticky"), Permissions::from_mode(0o1777)).unwrap();
    let reason = "cannot bind ./sticky/s: operation not permitted: the file belongs to root, and \
                  the sticky bit of the folder ./sticky keeps other users from replacing it";
    for mode in [0o600, 0o666] {
        drop(scene.host("./sticky/s"));
        fs::set_permissions(scene.path("sticky/s"), Permissions::from_mode(mode)).unwrap();
        // Without permission to connect, only --replace tries to replace the file.
        let options = if mode == 0o600 { &["--replace"][..] } else { &[] };
        let outcome = scene.stranger(&[&["listen", "./sticky/s"], options].concat()).run();
        let outcome = outcome.fails(3).says(reason).says("hint: choose another name");
        outcome.does_not_say("write to");
        assert_eq!(fs::read_dir(scene.path("sticky")).unwrap().count(), 1);
        fs::remove_file(scene.path("sticky/s")).unwrap();
    }
}
