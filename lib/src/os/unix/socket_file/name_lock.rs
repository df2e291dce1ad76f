use super::super::lock::{self, FolderLock, Locking};
use crate::error::HeldLock;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// The lock that listeners hold while they take over a name in a folder.
#[derive(Debug)]
pub struct NameLock {
    _lock: FolderLock,
}

impl NameLock {
    /// Waits for the lock of the folder of the path, at most for this time.
    ///
    /// # Errors
    /// [`Held`](LockError::Held) if another process has held it all the time, or
    /// [`Impossible`](LockError::Impossible) if this process may not read the folder, or its file
    /// system has no locks.
    pub fn acquire(path: &Path, wait: Duration) -> Result<Self, LockError> {
        match lock::acquire(path, Instant::now().checked_add(wait)) {
            Locking::Held(lock) => Ok(Self { _lock: lock }),
            Locking::Busy => Err(LockError::Held(lock::held(path))),
            Locking::Impossible => Err(LockError::Impossible),
        }
    }
}

/// Error of [`NameLock::acquire`].
#[derive(Debug)]
pub enum LockError {
    /// Another process holds the lock.
    Held(HeldLock),
    /// The folder cannot be locked.
    Impossible,
}
