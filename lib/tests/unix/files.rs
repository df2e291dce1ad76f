//! Folders with socket files for the tests.

use local_socket::{
    GenericFilePath, Listener, ListenerOptions, Name, OnConflict, Stream, ToFsName as _,
    traits::Stream as _,
};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The policies that take over a stale file.
pub(super) const TAKING_OVER: [OnConflict; 2] = [OnConflict::ReplaceStale, OnConflict::Replace];

/// A folder for a socket file.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Creates a folder with this mode, which everybody may enter.
    pub(crate) fn open_to_all(mode: u32) -> Self {
        let folder = Self::new();
        fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("a.sock")
    }

    pub(crate) fn name(&self) -> Name<'static> {
        name(&self.path())
    }

    pub(crate) fn options(&self) -> ListenerOptions<'static> {
        ListenerOptions::new().name(self.name())
    }

    pub(crate) fn listen(&self) -> Listener {
        self.options().create_sync().unwrap()
    }

    /// Returns the names of all entries: nothing else may be left behind.
    pub(crate) fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) fn name(path: &Path) -> Name<'static> {
    path.to_path_buf().to_fs_name::<GenericFilePath>().unwrap()
}

pub(crate) fn options(path: &Path) -> ListenerOptions<'static> {
    ListenerOptions::new().name(name(path))
}

/// Leaves a socket file that nobody listens on.
pub(crate) fn make_stale(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
}

pub(crate) fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

pub(crate) fn mode(path: &Path) -> libc::mode_t {
    (fs::symlink_metadata(path).unwrap().mode() & 0o7777) as libc::mode_t
}

/// Returns the process that listens on the path.
pub(crate) fn server_of(path: &Path) -> u32 {
    use local_socket::traits::StreamCommon as _;
    let stream = Stream::connect(name(path)).unwrap();
    stream.peer_creds().unwrap().pid().unwrap().try_into().unwrap()
}
