//! `listen -- COMMAND` and `connect -- COMMAND`.

mod absent;
mod hangup;
mod limits;
mod process;
mod serving;
mod status;

use crate::harness::Scene;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// Without options the command gets the socket itself; with a buffer size lsock copies the
/// bytes.
pub(crate) const MODES: [&[&str]; 2] = [&[], &["--buffer", "64K"]];

/// Creates an executable file `program`.
pub(crate) fn make_program(scene: &Scene) {
    let path = scene.path("program");
    fs::write(&path, "#!/bin/sh\nexec cat\n").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
}

/// Makes a program unusable.
type Spoil = fn(&Path);

/// Ways to make the program unusable after lsock has checked it, with the reason.
pub(crate) const SPOILED_PROGRAM: [(Spoil, &str); 2] = [
    (|path| fs::remove_file(path).unwrap(), "no such file"),
    (|path| fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap(), "permission"),
];
