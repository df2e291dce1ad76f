//! Follows the folders and symbolic links of a path to its end.

use crate::diag::standing::{Fact, FileKind, Rights};
use nix::unistd::{Uid, User};
use std::{
    fs::{self, FileType, Metadata},
    io::ErrorKind,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

/// Maximum number of symbolic links that are followed, as on Linux (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// Where a path leads to.
pub(super) struct Found {
    /// The target, if the path is a symbolic link.
    pub(super) link: Option<PathBuf>,
    pub(super) place: Place,
}

pub(super) enum Place {
    /// A file, which is not a symbolic link.
    File(Metadata),
    /// The path leads to no file.
    Problem(Fact),
}

/// Follows a path from its first folder to its end. Returns `None` for errors that no fact
/// explains.
pub(super) fn follow(path: &Path) -> Option<Found> {
    follow_from(path, &mut Vec::new())
}

/// Follows a path. `links` are device and inode of the symbolic links that were followed before.
fn follow_from(path: &Path, links: &mut Vec<(u64, u64)>) -> Option<Found> {
    let mut parts: Vec<&Path> =
        path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    parts.reverse();
    for part in parts {
        let is_last = part == path;
        let problem = |fact| Some(Found { link: None, place: Place::Problem(fact) });
        let file = match fs::symlink_metadata(part) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return problem(Fact::Missing(part.to_owned()));
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let folder = folder_of(part);
                let rights = rights(&fs::metadata(folder).ok()?);
                return problem(Fact::ClosedFolder(folder.to_owned(), rights));
            }
            Err(_) => return None,
        };
        let (target, place) = if file.is_symlink() {
            let id = (file.dev(), file.ino());
            if links.contains(&id) {
                return problem(Fact::LinkLoop(part.to_owned()));
            }
            links.push(id);
            if links.len() > MAX_LINKS {
                return None;
            }
            let target = folder_of(part).join(fs::read_link(part).ok()?);
            let found = follow_from(&target, links)?;
            (Some(found.link.unwrap_or(target)), found.place)
        } else {
            (None, Place::File(file))
        };
        match place {
            place if is_last => return Some(Found { link: target, place }),
            Place::File(file) if file.is_dir() => {}
            Place::File(file) => {
                return problem(Fact::NotAFolder(part.to_owned(), kind(file.file_type())));
            }
            Place::Problem(Fact::Missing(missing)) if Some(&missing) == target.as_ref() => {
                let folder = part.to_owned();
                return problem(Fact::DanglingFolder { folder, target: missing });
            }
            Place::Problem(fact) => return problem(fact),
        }
    }
    None
}

/// Returns the folder of a file; `.` for a name without a folder.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
}

pub(super) fn kind(file: FileType) -> FileKind {
    if file.is_file() {
        FileKind::RegularFile
    } else if file.is_dir() {
        FileKind::Folder
    } else if file.is_fifo() {
        FileKind::Fifo
    } else if file.is_char_device() || file.is_block_device() {
        FileKind::Device
    } else if file.is_socket() {
        FileKind::Socket
    } else {
        FileKind::Other
    }
}

pub(super) fn rights(file: &Metadata) -> Rights {
    Rights { owner: user_name(file.uid()), mode: file.mode() & 0o7777 }
}

/// Returns the name of a user, or `uid N` if it has none.
pub(super) fn user_name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}
