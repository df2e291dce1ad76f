//! Socket files of other processes, for programs that stand in for a server: feature
//! `socket-file`.
//!
//! A listener of this crate [takes over a name](crate::OnConflict) by a protocol: it holds a lock of
//! the folder, and recognizes each file when it examines it again. The parts here let another program
//! take part in that protocol. None of them overwrites a file.

mod listen_like;
mod name_lock;
mod state;
#[cfg(test)]
mod tests;

pub use listen_like::listen_like;
pub use name_lock::{LockError, NameLock};
pub use state::{SocketState, is_stale};

use super::{aside, holder, pinned::Pinned};
use crate::error::Holder;
use std::{
    io,
    path::{Path, PathBuf},
};

/// A socket file that is recognized when it is examined again.
///
/// On Linux a descriptor holds the file: until this is dropped, no other file gets its inode number.
#[derive(Debug)]
pub struct SocketFile {
    pinned: Pinned,
}

impl SocketFile {
    /// Examines the file at the path. Symbolic links are not followed.
    ///
    /// # Errors
    /// `NotFound` if there is no file, `InvalidInput` with the type of the file in words if it is no
    /// socket, or another error of `open(2)` or `lstat(2)`.
    pub fn at_path(path: &Path) -> io::Result<Self> {
        let pinned = Pinned::at_path(path)?;
        match pinned.not_a_socket() {
            Some(what) => Err(io::Error::new(io::ErrorKind::InvalidInput, what)),
            None => Ok(Self { pinned }),
        }
    }

    /// Returns whether this file is at the path.
    ///
    /// # Errors
    /// An error of `lstat(2)`, except `NotFound`.
    pub fn is_at(&self, path: &Path) -> io::Result<bool> {
        match self.pinned.is_socket_at(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            result => result,
        }
    }

    /// Returns the state of the socket. `path` is where the file is, for systems that cannot probe a
    /// file itself.
    ///
    /// # Errors
    /// As [`SocketState::of_file`]; `NotFound` only if the file has left the path and cannot be probed
    /// itself.
    pub fn state(&self, path: &Path) -> io::Result<SocketState> {
        SocketState::of_file(&self.route().unwrap_or_else(|| path.to_owned()))
    }

    /// Returns whether no socket is bound to the file any more. It costs less than
    /// [`state`](Self::state).
    ///
    /// # Errors
    /// As [`state`](Self::state).
    pub fn is_stale(&self, path: &Path) -> io::Result<bool> {
        is_stale(&self.route().unwrap_or_else(|| path.to_owned()))
    }

    /// Returns the number of the user who owns the file.
    #[must_use]
    pub fn owner(&self) -> u32 {
        self.pinned.owner()
    }

    /// Returns the number of the group of the file.
    #[must_use]
    pub fn group(&self) -> u32 {
        self.pinned.group()
    }

    /// Returns the mode of the file, without its type.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.pinned.mode()
    }

    /// Returns the process that listens, or at least its user.
    #[must_use]
    pub fn holder(&self) -> Holder {
        holder::of_file(&self.pinned)
    }

    /// Returns a path that leads to this very file wherever it was moved, as long as this value
    /// lives. `None` where the system has no such path, or `/proc` is not mounted.
    #[must_use]
    pub fn route(&self) -> Option<PathBuf> {
        #[cfg(linux_like)]
        {
            let link = PathBuf::from(self.pinned.link());
            link.symlink_metadata().is_ok().then_some(link)
        }
        #[cfg(not(linux_like))]
        None
    }
}

/// Exchanges two files in one step, so that there is a file at both paths at every moment.
///
/// # Errors
/// `NotFound` if one of the files is missing, `Unsupported` if the system or the file system cannot
/// exchange files, or another error of `rename(2)`.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    match aside::exchange(one, other) {
        Err(error) if aside::is_unsupported(error) => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "the file system cannot exchange files"))
        }
        result => Ok(result?),
    }
}

/// Moves a file to a free path.
///
/// # Errors
/// `AlreadyExists` if there is a file at the path, `NotFound` if there is no file to move, or another
/// error of `rename(2)`.
pub fn move_to_free_path(from: &Path, to: &Path) -> io::Result<()> {
    aside::put_back(from, to)
}
