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

/// What came of asking for the lock.
#[derive(Debug)]
pub(super) enum Locking {
    /// It is ours until this is dropped.
    #[allow(dead_code, reason = "it is held for its Drop")]
    Held(FolderLock),
    /// Somebody else holds it.
    Busy,
    /// The folder cannot be locked: it may not be read (`EACCES`), or its file system has no
    /// locks (`EBADF`, `ENOLCK`, `EOPNOTSUPP`: `flock(2)`).
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
    let Ok(folder) = fs::open(folder_of(path), flags, Mode::empty()) else {
        return Locking::Impossible;
    };
    let mut pause = Duration::from_micros(200);
    loop {
        match fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Locking::Held(FolderLock { folder }),
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(_) => return Locking::Impossible,
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
        // To close it would not do if another thread has forked meanwhile: the child has the
        // same open file until it calls exec.
        if let Err(error) = fs::flock(&self.folder, FlockOperation::Unlock) {
            tracing::debug!(%error, "folder not unlocked");
        }
    }
}
