//! Files that are not sockets, and folders that do not exist.

use crate::harness::Scene;
use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
};

#[test]
fn a_file_that_is_not_a_socket_is_never_touched() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "precious").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    fs::write(scene.path("folder/inside"), "precious").unwrap();
    scene.command("mkfifo").arg("fifo").run().ok();
    // A link to a stale socket, which alone would be taken over.
    drop(scene.host("./stale"));
    symlink("stale", scene.path("link")).unwrap();
    symlink("missing", scene.path("dangling")).unwrap();
    let before = scene.files();
    let kinds = [
        ("./file", "a regular file"),
        ("./folder", "a folder"),
        ("./fifo", "a fifo"),
        ("./link", "a symbolic link"),
        ("./dangling", "a symbolic link"),
    ];
    let commands: [(&str, &[&str]); 5] = [
        ("listen", &[]),
        ("listen", &["--replace"]),
        ("relay", &["./t"]),
        ("relay", &["./t", "--replace"]),
        ("relay", &["exec:cat"]),
    ];
    for (name, kind) in kinds {
        let inode = || scene.path(name).symlink_metadata().unwrap().ino();
        let old = inode();
        for (command, args) in commands {
            scene.lsock([command, name]).args(args).run().fails(3).says(kind).says("hint: ");
            assert_eq!(inode(), old);
        }
    }
    assert_eq!(scene.files(), before);
    assert_eq!(fs::read_to_string(scene.path("file")).unwrap(), "precious");
    assert_eq!(fs::read_link(scene.path("link")).unwrap(), Path::new("stale"));
}

#[test]
fn a_target_that_is_not_a_socket_is_never_touched() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "precious").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    for target in ["./file", "./folder"] {
        let relay = scene.relay("./s", target).start_listening();
        assert_eq!(scene.wire("./s").rest_whatever_happens(), b"");
        relay.wait_for_message(&format!("warning: connection 1: cannot connect to {target}: "));
    }
    assert_eq!(fs::read_to_string(scene.path("file")).unwrap(), "precious");
}

#[test]
fn a_missing_folder_is_an_error_with_a_hint() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "").unwrap();
    for command in [&["listen", "./missing/s"][..], &["relay", "./missing/s", "./t"]] {
        let outcome = scene.lsock(command).run().fails(3).says("./missing/s");
        outcome.says("./missing does not exist").says("hint: create the folder first");
    }
    scene.lsock(["listen", "./file/s"]).run().fails(3).says("./file/s").says("hint: ");
    assert_eq!(scene.files(), ["file"]);
}
