//! Follows the folders and symbolic links of a path to its end.

use crate::{
    diag::standing::{Fact, FileKind, MissingGroup, Rights},
    system::{FollowedLink, NumberedAccount},
};
use nix::unistd::{Gid, Group, Uid, User};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use std::{
    fs::{self, FileType, Metadata},
    io::ErrorKind,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

/// Maximum number of symbolic links that are followed, as on Linux (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// Where a path leads to.
pub(super) struct FollowedPath {
    /// The target, if the path is a symbolic link.
    pub(super) link: Option<PathBuf>,
    pub(super) end: WalkEnd,
}

/// The symbolic links that were followed, in their order, each with device and inode.
type Links = Vec<((u64, u64), FollowedLink)>;

pub(super) enum WalkEnd {
    /// A file, which is not a symbolic link.
    File(Metadata),
    /// The path leads to no file.
    Problem(Fact),
}

/// Follows a path from its first folder to its end. Returns `None` for errors that no fact
/// explains.
pub(super) fn follow(path: &Path) -> Option<FollowedPath> {
    follow_from(path, &mut Links::new())
}

/// Follows a path as [`follow`] does, and returns the symbolic links on the way as well.
pub(super) fn follow_with_links(path: &Path) -> (Option<FollowedPath>, Vec<FollowedLink>) {
    let mut links = Links::new();
    let found = follow_from(path, &mut links);
    (found, links.into_iter().map(|(_, link)| link).collect())
}

/// Follows a path. `links` are the symbolic links that were followed before.
fn follow_from(path: &Path, links: &mut Links) -> Option<FollowedPath> {
    let problem = |fact| Some(FollowedPath { link: None, end: WalkEnd::Problem(fact) });
    // A path that ends in `/` or `/.` leads to a folder or nowhere (`path_resolution(7)`).
    let file = path.components().as_path();
    if file.as_os_str() != path.as_os_str() {
        let found = follow_from(file, links)?;
        return match obstacle(file, &found) {
            Some(fact) => problem(fact),
            None => Some(found),
        };
    }
    let mut parts: Vec<&Path> =
        path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    parts.reverse();
    for part in parts {
        let file = match fs::symlink_metadata(part) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return problem(Fact::Missing(part.to_owned()));
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let folder = folder_of(part);
                let rights = rights(folder, &fs::metadata(folder).ok()?, SEARCH);
                return problem(Fact::ClosedFolder(folder.to_owned(), rights));
            }
            Err(_) => return None,
        };
        let found = if file.is_symlink() {
            let id = (file.dev(), file.ino());
            if links.iter().any(|(followed, _)| *followed == id) {
                return problem(Fact::LinkLoop(part.to_owned()));
            }
            let target = folder_of(part).join(fs::read_link(part).ok()?);
            links.push((id, FollowedLink { path: part.to_owned(), target: target.clone() }));
            if links.len() > MAX_LINKS {
                return None;
            }
            let found = follow_from(&target, links)?;
            FollowedPath { link: Some(found.link.unwrap_or(target)), end: found.end }
        } else {
            FollowedPath { link: None, end: WalkEnd::File(file) }
        };
        if part == path {
            return Some(found);
        }
        if let Some(fact) = obstacle(part, &found) {
            return problem(fact);
        }
    }
    None
}

/// Returns why a path cannot go on after a part of it, which leads to what was found.
fn obstacle(part: &Path, found: &FollowedPath) -> Option<Fact> {
    match &found.end {
        WalkEnd::File(file) if file.is_dir() => None,
        WalkEnd::File(file) => Some(Fact::NotAFolder(part.to_owned(), kind(file.file_type()))),
        WalkEnd::Problem(Fact::Missing(missing)) if Some(missing) == found.link.as_ref() => {
            Some(Fact::DanglingFolder { folder: part.to_owned(), target: missing.clone() })
        }
        WalkEnd::Problem(fact) => Some(fact.clone()),
    }
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

/// Permission to search a folder, for the group of a file (`inode(7)`).
pub(super) const SEARCH: u32 = 0o010;

/// Permission to write, for the group of a file.
pub(super) const WRITE: u32 = 0o020;

/// Returns who has rights to a file, for a user who lacks the permissions.
pub(super) fn rights(path: &Path, file: &Metadata, permissions: u32) -> Rights {
    let missing_group = missing_group(path, file, permissions);
    Rights { owner: user_name(file.uid()), mode: file.mode() & 0o7777, missing_group }
}

/// Returns the group of a file if its members have the permissions and this process is not in it.
/// The group of root is left out: membership in it gives more than the name.
/// The system checks the permissions of the owner alone for the owner, and those of the group alone
/// for its members (`path_resolution(7)`).
fn missing_group(path: &Path, file: &Metadata, permissions: u32) -> Option<MissingGroup> {
    let group = file.gid();
    let user = Uid::effective();
    let is_enough = file.mode() & permissions == permissions
        && file.uid() != user.as_raw()
        && group != 0
        && !is_member(group)
        && !has_access_list(path);
    is_enough.then(|| {
        let found = Group::from_gid(Gid::from_raw(group)).ok().flatten();
        let is_listed = found.as_ref().is_some_and(|group| {
            let user = User::from_uid(user).ok().flatten();
            user.is_some_and(|user| group.mem.contains(&user.name))
        });
        let name = found.map_or_else(|| format!("gid {group}"), |group| group.name);
        MissingGroup { name, is_listed }
    })
}

/// Returns whether this process has the group.
fn is_member(group: u32) -> bool {
    let groups = rustix::process::getgroups().unwrap_or_default();
    Gid::effective().as_raw() == group || groups.iter().any(|gid| gid.as_raw() == group)
}

/// Returns whether a file has an access control list, with which the mode shows a mask in place of
/// the rights of the group (`acl(5)`).
#[cfg(target_os = "linux")]
fn has_access_list(path: &Path) -> bool {
    let list = rustix::fs::getxattr(path, "system.posix_acl_access", &mut [0_u8; 1]);
    matches!(list, Ok(_) | Err(Errno::RANGE))
}

/// Returns `false`: other systems have lists of other kinds.
#[cfg(not(target_os = "linux"))]
fn has_access_list(_: &Path) -> bool {
    false
}

/// Returns the name of a user, or `uid N` if it has none.
pub(super) fn user_name(uid: u32) -> String {
    user(uid).to_string()
}

/// Returns a user with its name, if it has one.
pub(super) fn user(uid: u32) -> NumberedAccount {
    let found = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    NumberedAccount { id: uid, name: found.map(|user| user.name), number_kind: "uid" }
}

/// Returns a group with its name, if it has one.
pub(super) fn group(gid: u32) -> NumberedAccount {
    let found = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
    NumberedAccount { id: gid, name: found.map(|group| group.name), number_kind: "gid" }
}
