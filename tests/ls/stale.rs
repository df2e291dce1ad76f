//! `--stale`: socket files that nobody has open.

use super::{row, rows};
use crate::harness::{NOBODY, Scene, is_root};
use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::{UnixDatagram, UnixListener},
    },
};

#[test]
fn stale_files_are_found_in_all_folders_and_live_ones_are_not() {
    let scene = Scene::new();
    fs::create_dir_all(scene.path("in/deep")).unwrap();
    for path in ["one", "in/two", "in/deep/three"] {
        drop(UnixListener::bind(scene.path(path)).unwrap());
    }
    drop(UnixDatagram::bind(scene.path("in/four")).unwrap());
    let _live = UnixListener::bind(scene.path("live")).unwrap();
    let _receiving = UnixDatagram::bind(scene.path("receiving")).unwrap();
    fs::write(scene.path("file"), "").unwrap();
    symlink(".", scene.path("in/loop")).unwrap();
    symlink("one", scene.path("link")).unwrap();
    let folder = scene.folder().to_str().unwrap();
    let found = rows(&scene, &["./*", "--stale", "."]);
    let stale: Vec<&str> = found
        .iter()
        .filter(|row| row["state"] == "stale")
        .map(|row| row["name"].as_str().unwrap().strip_prefix(folder).unwrap())
        .collect();
    assert_eq!(stale, ["/in/deep/three", "/in/four", "/in/two", "/one"]);
    assert_eq!(found.len(), stale.len() + 2, "{found:#?}");
    let table = scene.lsock(["ls", "./in/*", "--stale", "in", "."]).run().silent();
    assert_eq!(table.stdout_text().matches("stale").count(), 6, "{}", table.report());
    scene.lsock(["ls", "--stale", "./missing"]).run().fails(1).says("cannot search ./missing");
    scene.lsock(["ls", "--stale", "./file"]).run().fails(1).says("cannot search ./file");
    assert!(scene.path("one").exists(), "nothing is removed");
}

#[test]
fn what_may_not_be_examined_is_said() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let lsock = scene.lsock_for_all();
    fs::create_dir(scene.path("closed")).unwrap();
    fs::set_permissions(scene.path("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    for name in ["private", "public"] {
        drop(UnixListener::bind(scene.path(name)).unwrap());
    }
    fs::set_permissions(scene.path("private"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(scene.path("public"), fs::Permissions::from_mode(0o666)).unwrap();
    let ls = scene.command(&lsock).args(["ls", "./*", "--json", "--stale", "."]).user(NOBODY);
    let outcome = ls.run().ok();
    let outcome = outcome.says("1 folder could not").says("may not connect to 1 socket file");
    assert_eq!(outcome.stdout_text().lines().count(), 1, "{}", outcome.report());
    let names = row(&scene, &["./pub*", "--stale", "."]);
    assert_eq!(names["server"]["creator"]["uid"], 0);
}

#[test]
fn the_stale_file_of_a_tap_is_told_apart_with_the_command_that_removes_it() {
    let scene = Scene::new();
    for path in ["s", ".s.lsock-tap", "other"] {
        drop(UnixListener::bind(scene.path(path)).unwrap());
    }
    let found = rows(&scene, &["./*", "--stale", "."]);
    let notes: Vec<_> = found.iter().map(|row| row["note"].as_str().unwrap()).collect();
    assert_eq!(notes, ["stale, of a tap", "stale", "stale"]);
    assert!(found.iter().all(|row| row["state"] == "stale"));
    let name = scene.path("s").to_str().unwrap().to_owned();
    let command = format!("`lsock tap --restore {name}` removes it");
    scene.lsock(["ls", "./*", "--stale", "."]).run().ok().says(&command);
    scene.lsock(["tap", "--restore", &name]).run().ok();
    assert_eq!(scene.files(), ["other", "s"]);
    scene.lsock(["ls", "./*", "--stale", "."]).run().silent();
}
