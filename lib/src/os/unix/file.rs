//! The file of a socket: which one it is, and removing it only while it is that one.

use super::claim::ClaimLock;
use rustix::fs::{self, AtFlags, CWD, FileType, Stat};
use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
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
}

impl OwnFile {
    /// The file that was just bound at the path. The path is made absolute, so that it
    /// still leads there when the working directory has changed.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let identity = Identity::of(&lstat(path)?);
        Ok(Self { path: std::path::absolute(path)?, identity })
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

    /// Removes the file, for one who has the lock already.
    pub(super) fn remove_under_lock(mut self) {
        self.remove();
        self.path.clear();
    }

    fn remove(&self) {
        match lstat(&self.path) {
            Ok(stat) if Identity::of(&stat) == self.identity => {
                if let Err(error) = fs::unlink(&self.path) {
                    tracing::debug!(path = ?self.path, %error, "socket file not removed");
                }
            }
            Ok(_) => tracing::debug!(path = ?self.path, "socket file is another's by now: left"),
            Err(error) => tracing::debug!(path = ?self.path, %error, "socket file has gone"),
        }
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        // Under the lock no successor can move its socket in between the two calls.
        // Where the lock is not to be had the file is removed all the same.
        let _lock = ClaimLock::acquire(&self.path, Instant::now() + Duration::from_secs(1));
        self.remove();
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

/// Gives the file at the path exactly this mode and group. It must be a socket that
/// was just bound and is not listened on yet, so that nobody can have connected.
pub(super) fn set_permissions(
    path: &Path,
    mode: Option<libc::mode_t>,
    group: Option<u32>,
) -> io::Result<()> {
    if let Some(gid) = group {
        let gid = fs::Gid::from_raw(gid);
        fs::chownat(CWD, path, None, Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    let Some(mode) = mode else { return Ok(()) };
    let stat = lstat(path)?;
    // The process's umask has an effect even on a mode that was set before bind.
    if stat.st_mode & 0o7777 != mode {
        change_mode(path, &stat, mode)?;
    }
    Ok(())
}

/// Changes the mode of the very file that `stat` is of: a symbolic link that somebody
/// puts in its place in the meantime is not followed.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn change_mode(path: &Path, stat: &Stat, mode: libc::mode_t) -> io::Result<()> {
    use rustix::fs::{Mode, OFlags};
    use std::os::fd::AsRawFd;
    // The system has no lchmod before Linux 6.6; a descriptor that stands for a place
    // in the tree and its link in /proc do the same (open(2), O_PATH).
    let file = fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    if Identity::of(&fs::fstat(&file)?) != Identity::of(stat) {
        return Err(io::Error::from_raw_os_error(libc::ESTALE));
    }
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(fs::chmod(link.as_str(), Mode::from_raw_mode(mode))?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn change_mode(path: &Path, _: &Stat, mode: libc::mode_t) -> io::Result<()> {
    let mode = fs::Mode::from_raw_mode(mode);
    Ok(fs::chmodat(CWD, path, mode, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// A name in the same folder that nobody else uses.
pub(super) fn sibling(path: &Path, purpose: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let pid = rustix::process::getpid().as_raw_nonzero();
    let mut name = OsString::from(format!(".{purpose}{pid}.{count}."));
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// The path beside which a [`sibling`] stood. The address of a socket that replaced another
/// one is for ever that of the sibling that it was bound to.
pub(super) fn beside_sibling(sibling: &Path, purpose: &str) -> Option<PathBuf> {
    let name = sibling.file_name()?.as_bytes().strip_prefix(b".")?;
    let mut parts = name.strip_prefix(purpose.as_bytes())?.splitn(3, |byte| *byte == b'.');
    let mut is_number =
        || parts.next().is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit));
    if !is_number() || !is_number() {
        return None;
    }
    let name = parts.next().filter(|name| !name.is_empty())?;
    Some(sibling.with_file_name(OsStr::from_bytes(name)))
}

/// The name of the file that starters lock while they take over a path.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or(OsStr::new("socket")));
    name.push(".claim");
    path.with_file_name(name)
}
