//! Identity and type of a file (`lstat(2)`).

use rustix::fs::{self, AtFlags, CWD, FileType, Stat};
use std::{io, path::Path};

/// Device and inode of a file. While the file exists, no other file has the same.
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

/// Calls `lstat(2)`.
pub(super) fn lstat(path: &Path) -> io::Result<Stat> {
    Ok(fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Returns the type of a file in words, or `None` for a socket.
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
