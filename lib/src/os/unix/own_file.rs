//! The socket file of a listener, which is removed with it.

use super::{
    aside::{self, Moved},
    identity::{Identity, lstat},
};
use rustix::{
    fs,
    process::{Pid, getpid},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// A socket file that this process has made. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct OwnFile {
    path: PathBuf,
    identity: Identity,
    /// The process that made the file. A child that is forked later has a copy of this value, and
    /// must not remove the file.
    creator: Pid,
}

impl OwnFile {
    /// Takes the file that was just bound at the path. The path is made absolute, so that it stays
    /// valid if the working directory changes.
    pub(super) fn new(path: &Path, identity: Identity) -> io::Result<Self> {
        Ok(Self { path: std::path::absolute(path)?, identity, creator: getpid() })
    }

    /// Sets the path after the file was renamed.
    pub(super) fn moved_to(&mut self, path: &Path) -> io::Result<()> {
        self.path = std::path::absolute(path)?;
        Ok(())
    }

    /// Keeps the file.
    pub(super) fn leave(mut self) {
        self.path.clear();
    }

    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(Identity::of(&lstat(path)?) == self.identity)
    }

    /// Removes the file if it is still at its path. The file is moved aside first and checked
    /// again; if another file has taken its place in between, that file is put back.
    fn remove(&self) -> io::Result<()> {
        if !self.is_at(&self.path)? {
            tracing::debug!(path = ?self.path, "socket file not removed: another file is at its path");
            return Ok(());
        }
        match aside::move_atomically(&self.path)? {
            Moved::To(aside) if self.is_at(&aside)? => Ok(fs::unlink(&aside)?),
            Moved::To(aside) => {
                tracing::debug!(path = ?self.path, ?aside, "another file has taken the path: put back");
                aside::put_back(&aside, &self.path)
            }
            Moved::Nothing => Ok(()),
            // A successor's file that is created between the check and this call is removed.
            Moved::Unsupported => Ok(fs::unlink(&self.path)?),
        }
    }
}

/// Takes no lock and does not wait, because a listener can be dropped in an event loop.
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
