//! The lock that starters hold while they take over a name in a folder.

use super::holder;
use crate::error::HeldLock;
use rustix::{
    fs::{self, FlockOperation, Mode, OFlags},
    io::Errno,
};
use std::{
    os::fd::OwnedFd,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// The result of [`acquire`].
#[derive(Debug)]
pub(super) enum Locking {
    /// This process holds the lock until the value is dropped.
    #[allow(dead_code, reason = "it is held for its Drop")]
    Held(FolderLock),
    /// Another process holds the lock.
    Busy,
    /// The folder cannot be locked: it may not be read (`EACCES`), its file system has no locks
    /// (`EBADF`, `ENOLCK`, `EOPNOTSUPP`), or another error of `open(2)` or `flock(2)`.
    Impossible,
}

/// The lock of a folder: `flock(2)` on a descriptor of it.
#[derive(Debug)]
pub(super) struct FolderLock {
    folder: OwnedFd,
}

/// Asks for the lock of the folder of the path, until the deadline.
pub(super) fn acquire(path: &Path, deadline: Option<Instant>) -> Locking {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let impossible = |error: Errno| {
        tracing::debug!(?path, %error, "folder not locked");
        Locking::Impossible
    };
    let folder = match fs::open(folder_of(path), flags, Mode::empty()) {
        Ok(folder) => folder,
        Err(error) => return impossible(error),
    };
    let mut pause = Duration::from_micros(200);
    loop {
        match fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Locking::Held(FolderLock { folder }),
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(error) => return impossible(error),
        }
        let now = Instant::now();
        let rest = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(now));
        if rest.is_zero() {
            return Locking::Busy;
        }
        thread::sleep(pause.min(rest));
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// Returns who holds the lock of the folder of the path.
pub(super) fn held(path: &Path) -> HeldLock {
    let folder = folder_of(path).to_owned();
    HeldLock { holder: holder::of_lock(&folder), folder }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the descriptor does not release the lock while a forked child has a copy of it,
        // so unlock explicitly.
        if let Err(error) = fs::flock(&self.folder, FlockOperation::Unlock) {
            tracing::debug!(%error, "folder not unlocked");
        }
    }
}
