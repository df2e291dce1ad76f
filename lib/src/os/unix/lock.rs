//! The lock that processes hold while they take over a name in a folder.
//!
//! It is `flock(2)` on a descriptor of the folder. Nothing is created and nothing is left behind,
//! it ends with its process, and processes of all network namespaces see it. Every process that may
//! read the folder can hold it without a limit. So a free name never depends on it, and an error
//! for another name says who holds it.
//!
//! What a stranger can do to each kind of lock that was considered:
//! - `flock` of the folder: hold it, if the stranger may read the folder. Then stale names in that
//!   folder cannot be taken over. It is held only as long as the stranger's process runs, and
//!   `/proc/locks` names the process.
//! - A lock file beside the socket: a stranger who may write to the folder can create a file, fifo,
//!   link or folder of that name, and every listener fails until somebody removes it. Listeners of
//!   different users lock each other out, because a file that one of them left behind cannot be
//!   opened by the other. Removing the file at the end is a race, and may remove another file.
//! - An abstract socket whose name is derived from device and inode of the folder: every process in
//!   the network namespace can bind it, without any right to the folder. Processes in other network
//!   namespaces that share the folder do not see it, so two of them can take over at once. Only
//!   Linux has it.
//! - A lock in a folder of the user: strangers can do nothing to it. But that folder does not
//!   always exist (`XDG_RUNTIME_DIR` of services and of containers), two containers that share the
//!   folder of the socket do not share it, and neither do two users.

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
