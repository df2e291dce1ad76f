//! `lsock tap`: standing in for a live server at its socket file.

mod access;
mod coming_and_going;
mod crash;
mod detach;
mod ends;
mod refused;
mod traffic;

use crate::harness::{Running, Scene, Serving};
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// The path of the server's socket file while a tap of `./s` runs.
const ASIDE: &str = ".s.lsock-tap";

/// Starts a tap and waits until clients connect to it.
#[track_caller]
fn start_tap(scene: &Scene, args: &[&str]) -> Running {
    let tap = scene.lsock(["tap", "-v", "./s"]).args(args).start();
    tap.wait_for_message("tapping ./s");
    tap
}

/// Starts a server at `./s` that echoes.
fn start_server(scene: &Scene) -> Serving {
    scene.echo("./s").0
}

/// What must be the same when the server's file is back: device, inode, mode, owner, group, links.
#[track_caller]
fn identity(path: &Path) -> (u64, u64, u32, u32, u32, u64) {
    let file = fs::symlink_metadata(path).unwrap();
    (file.dev(), file.ino(), file.mode(), file.uid(), file.gid(), file.nlink())
}

/// Fails unless the folder has exactly the file of the server at `./s`, which is this one.
#[track_caller]
fn expect_back(scene: &Scene, before: (u64, u64, u32, u32, u32, u64)) {
    assert_eq!(scene.files(), ["s"]);
    assert_eq!(identity(&scene.path("s")), before);
}

/// Starts a server that removes the file at its path first, as most programs do.
fn restart_server(scene: &Scene) -> Serving {
    fs::remove_file(scene.path("s")).unwrap();
    start_server(scene)
}
