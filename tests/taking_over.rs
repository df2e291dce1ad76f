//! Names in use: by live servers, by dead ones, by files that are not sockets.

mod live;
mod not_a_socket;
mod race;
mod stale;

use crate::harness::{Running, Scene};
use std::{os::unix::fs::FileTypeExt, path::Path};

fn is_socket(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Leaves the socket file that a killed server leaves.
fn leave_stale_file(scene: &Scene) {
    drop(scene.host("./s"));
    assert!(is_socket(&scene.path("s")));
}

/// Starts a server that sends a word to each client.
fn start_server(scene: &Scene, args: &[&str], word: &str) -> Running {
    scene.listen("./s").args(args).args(["-k", "--", "printf", word]).start_listening()
}

/// Fails unless the server behind the name sends the word.
#[track_caller]
fn expect_server(scene: &Scene, word: &str) {
    scene.wire("./s").expect_rest(word);
}
