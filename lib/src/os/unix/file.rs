//! The file of a socket: which one it is, and removing it only while it is that one.

use super::aside::{self, Moved};
use rustix::{
    fs::{self, AtFlags, CWD, FileType, Stat},
    process::{Pid, getpid},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Which file it is: device and inode, which no other file has while this one exists.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(super) fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev as u64, inode: stat.st_ino as u64 }
    }
}

/// A socket file that is ours, removed when this is dropped.
#[derive(Debug)]
pub(super) struct OwnFile {
    path: PathBuf,
    identity: Identity,
    /// The process that made it. A child that was forked afterwards has a copy of this, and
    /// must not remove the file.
    creator: Pid,
}

impl OwnFile {
    /// The file that was just bound at the path. The path is made absolute, so that it
    /// still leads there when the working directory has changed.
    pub(super) fn new(path: &Path, identity: Identity) -> io::Result<Self> {
        Ok(Self { path: std::path::absolute(path)?, identity, creator: getpid() })
    }

    /// The file has got another path.
    pub(super) fn moved_to(&mut self, path: &Path) -> io::Result<()> {
        self.path = std::path::absolute(path)?;
        Ok(())
    }

    /// Leaves the file where it is.
    pub(super) fn leave(mut self) {
        self.path.clear();
    }

    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(Identity::of(&lstat(path)?) == self.identity)
    }

    /// Removes the file if it is still there. The file is moved aside first and looked at
    /// again, and another one that came in between is put back.
    fn remove(&self) -> io::Result<()> {
        if !self.is_at(&self.path)? {
            tracing::debug!(path = ?self.path, "socket file is another's by now: left");
            return Ok(());
        }
        match aside::move_atomically(&self.path)? {
            Moved::To(aside) if self.is_at(&aside)? => Ok(fs::unlink(&aside)?),
            Moved::To(aside) => {
                tracing::debug!(path = ?self.path, ?aside, "a successor's socket file: put back");
                aside::put_back(&aside, &self.path)
            }
            Moved::Nothing => Ok(()),
            // A successor's file that comes between the look and this call is removed.
            Moved::Unsupported => Ok(fs::unlink(&self.path)?),
        }
    }
}

/// No lock is taken, and nothing is waited for: this may happen in an event loop.
impl Drop for OwnFile {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() || self.creator != getpid() {
            return;
        }
        if let Err(error) = self.remove() {
            tracing::debug!(path = ?self.path, %error, "socket file not removed");
        }
    }
}

/// `lstat(2)`
pub(super) fn lstat(path: &Path) -> io::Result<Stat> {
    Ok(fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// What a file that is no socket is, in words.
pub(super) fn not_a_socket(stat: &Stat) -> Option<&'static str> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Socket => None,
        FileType::RegularFile => Some("a regular file"),
        FileType::Directory => Some("a folder"),
        FileType::Symlink => Some("a symbolic link"),
        FileType::Fifo => Some("a fifo"),
        FileType::CharacterDevice | FileType::BlockDevice => Some("a device"),
        FileType::Unknown => Some("something"),
    }
}
