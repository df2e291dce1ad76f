//! Paths that fill the whole address.

use super::files::{Folder, inode, make_stale, name, options, server_of};
use crate::harness::{assert_kind, within_deadline};
use local_socket::{
    GenericFilePath, OnConflict, Platform, Stream, ToFsName as _,
    traits::{Listener as _, Stream as _, StreamCommon as _},
};
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    os::unix::{
        fs::symlink,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process,
};

const LIMIT: usize = Platform::CURRENT.path_limit();

/// Returns a path of the given length, whose last part has the given length, and a shorter path to
/// the same file for peers that leave room for a terminator.
fn long_path(folder: &Folder, len: usize, last: usize) -> (PathBuf, PathBuf) {
    let rest = len - last - 1 - folder.root().as_os_str().len() - 1;
    let deep = folder.root().join("d".repeat(rest));
    fs::create_dir(&deep).unwrap();
    let link = folder.root().join("s");
    symlink(&deep, &link).unwrap();
    let file = "f".repeat(last);
    let long = deep.join(&file);
    assert_eq!(long.as_os_str().len(), len);
    (long, link.join(file))
}

fn assert_connected(mut one: impl Write, mut other: impl Read) {
    one.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
}

#[test]
fn a_path_of_the_maximum_length_can_be_listened_on() {
    within_deadline(|| {
        for len in [LIMIT - 1, LIMIT] {
            let folder = Folder::new();
            let (long, short) = long_path(&folder, len, 10);
            let listener = options(&long).create_sync().unwrap();
            let client = Stream::connect(name(&long)).unwrap();
            assert_eq!(client.peer_name().unwrap(), Some(name(&long)));
            let server = listener.accept().unwrap();
            assert_eq!(server.local_name().unwrap(), Some(name(&long)));
            assert_connected(client, server);
            // A client without this library finds it at exactly this path.
            let client = UnixStream::connect(&short).unwrap();
            assert_connected(client, listener.accept().unwrap());
            drop(listener);
            assert_eq!(fs::read_dir(long.parent().unwrap()).unwrap().count(), 0);
        }
    });
}

#[test]
fn a_path_of_the_maximum_length_can_be_connected_to() {
    within_deadline(|| {
        let folder = Folder::new();
        let (long, short) = long_path(&folder, LIMIT, 10);
        let listener = UnixListener::bind(short).unwrap();
        let client = Stream::connect(name(&long)).unwrap();
        assert_connected(client, listener.accept().unwrap().0);
    });
}

#[test]
fn a_path_over_the_limit_is_refused_when_the_name_is_created() {
    let path = Path::new("/").join("a".repeat(LIMIT));
    assert_kind(path.to_fs_name::<GenericFilePath>(), &[ErrorKind::InvalidInput]);
}

/// A temporary name beside the path must fit as well, also if the last part of the path is short.
#[test]
fn a_path_of_the_maximum_length_can_be_taken_over() {
    within_deadline(|| {
        for last in [1, 10, 60] {
            for policy in [OnConflict::ReplaceStale, OnConflict::Replace] {
                let folder = Folder::new();
                // A path in /tmp leaves less than 90 bytes.
                let (long, short) = long_path(&folder, LIMIT, last);
                make_stale(&short);
                let stale = options(&long).on_conflict(policy).create_sync();
                let first = stale.unwrap_or_else(|error| panic!("{last} {policy:?}: {error}"));
                assert_eq!(server_of(&long), process::id());
                let before = inode(&long);
                let second = options(&long).on_conflict(OnConflict::Replace).create_sync();
                let second = second.unwrap_or_else(|error| panic!("{last}: {error}"));
                assert_ne!(inode(&long), before);
                drop(first);
                UnixStream::connect(&short).unwrap();
                drop(second);
                assert_eq!(fs::read_dir(long.parent().unwrap()).unwrap().count(), 0);
            }
        }
    });
}
