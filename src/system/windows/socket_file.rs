//! Local sockets are no files here, so none of these values exists.

use local_socket::{Listener, error::HeldLock};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// A socket file.
#[derive(Debug)]
pub(crate) enum SocketFile {}

/// The lock that listeners hold while they take over a name in a folder.
#[derive(Debug)]
pub(crate) enum NameLock {}

/// Error of [`NameLock::acquire`].
#[derive(Debug)]
#[expect(dead_code, reason = "there is no lock that another process could hold")]
pub(crate) enum LockError {
    Held(HeldLock),
    Impossible,
}

/// A folder of socket files.
#[derive(Debug)]
pub(crate) enum HeldFolder {}

impl HeldFolder {
    /// Fails.
    pub(crate) fn of_file(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn moved_from(&self, _: &Path) -> Option<PathBuf> {
        match *self {}
    }
}

/// The state of a socket file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "there are no socket files")]
pub(crate) enum SocketState {
    Closed,
    Datagram,
    Stream { listens: bool },
    SeqPacket { listens: bool },
    Open,
}

impl NameLock {
    /// Fails.
    pub(crate) fn acquire(_: &Path, _: Duration) -> Result<Self, LockError> {
        Err(LockError::Impossible)
    }
}

impl SocketFile {
    /// Fails.
    pub(crate) fn at_path(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn is_at(&self, _: &Path) -> io::Result<bool> {
        match *self {}
    }

    pub(crate) fn state(&self, _: &Path) -> io::Result<SocketState> {
        match *self {}
    }

    pub(crate) fn is_stale(&self, _: &Path) -> io::Result<bool> {
        match *self {}
    }

    pub(crate) fn mode(&self) -> u32 {
        match *self {}
    }

    pub(crate) fn holder(&self) -> local_socket::error::Holder {
        match *self {}
    }

    pub(crate) fn route(&self) -> Option<PathBuf> {
        match *self {}
    }
}

/// Returns the path: nothing is moved aside here.
pub(crate) fn aside_path(path: &Path) -> PathBuf {
    path.to_owned()
}

/// Returns `false`.
pub(crate) fn is_aside(_: &Path) -> bool {
    false
}

/// Returns `None`.
pub(crate) fn path_of_aside(_: &Path) -> Option<PathBuf> {
    None
}

/// Fails.
pub(crate) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails.
pub(crate) fn move_to_free_path(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn listen_like(_: &Path, like: &SocketFile) -> io::Result<(Listener, SocketFile)> {
    match *like {}
}

pub(crate) fn have_same_permissions(one: &SocketFile, _: &SocketFile) -> bool {
    match *one {}
}

pub(crate) fn may_have_same_owner(file: &SocketFile) -> bool {
    match *file {}
}

pub(crate) fn owner_name(file: &SocketFile) -> String {
    match *file {}
}

/// Returns the name of the user of this process for messages about socket files.
pub(crate) fn own_user_name() -> String {
    "this user".to_owned()
}

pub(crate) fn may_read_folder(_: &Path) -> bool {
    false
}

/// Fails.
pub(crate) fn may_change_folder(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn admits_others(_: &Path, file: &SocketFile) -> bool {
    match *file {}
}
