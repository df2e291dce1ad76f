//! Examines what stands at a path.

use super::{
    may,
    path_walk::{
        FollowedPath, WRITE, WalkEnd, folder_of, follow_with_links, group, kind, rights, user,
    },
};
use crate::{
    diag::standing::FileKind,
    system::{FileFacts, FollowedLink, PathEnd, PathFacts},
};
use local_socket::{Name, os::unix::NameExt as _};
use nix::unistd::Uid;
use rustix::fs::Access;
use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Examines what stands at the path of a name, without changing or opening it. Of the paths that a
/// namespaced name can stand for it is the first one at which there is a file. Returns `None` for a
/// name that is no file.
pub(crate) fn examine_path(name: &Name<'_>) -> Option<PathFacts> {
    let files = name.socket_files().ok()?;
    let file = files.iter().find(|file| file.symlink_metadata().is_ok()).or(files.first())?;
    Some(facts_of(file))
}

fn facts_of(path: &Path) -> PathFacts {
    let (found, links) = follow_with_links(path);
    let end = match found {
        Some(FollowedPath { end: WalkEnd::File(file), .. }) => PathEnd::File(facts(path, &file)),
        Some(FollowedPath { end: WalkEnd::Problem(fact), .. }) => PathEnd::Nowhere(fact),
        None => PathEnd::Unknown,
    };
    let replaceable = replaceable(path, &links);
    let is_replaceable_by_owner = is_replaceable_by_owner(path, &links);
    PathFacts { path: path.to_owned(), links, end, replaceable, is_replaceable_by_owner }
}

fn facts(path: &Path, file: &Metadata) -> FileFacts {
    let kind = kind(file.file_type());
    let may_connect = match kind {
        FileKind::Socket => may(path, Access::WRITE_OK),
        _ => None,
    };
    let missing = (may_connect == Some(false)).then(|| rights(path, file, WRITE));
    FileFacts {
        kind,
        owner: user(file.uid()),
        group: group(file.gid()),
        mode: file.mode() & 0o7777,
        may_connect,
        missing_group: missing.and_then(|rights| rights.missing_group),
    }
}

/// Returns the reason why other users can replace the file at a path: they can replace it, a
/// symbolic link that leads to it, or one of their folders.
fn replaceable(path: &Path, links: &[FollowedLink]) -> Option<String> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for way in files_on_the_way(path, links) {
        // Without permission to search, or without the folder, there is nothing to say.
        let Ok(folder) = fs::canonicalize(folder_of(way)) else { continue };
        for folder in folder.ancestors() {
            if !folders.iter().any(|known| known == folder) {
                folders.push(folder.to_owned());
            }
        }
    }
    folders.iter().find_map(|folder| unsafe_folder(folder))
}

/// Returns the path, the symbolic links that lead to the file, and their targets.
fn files_on_the_way<'a>(
    path: &'a Path,
    links: &'a [FollowedLink],
) -> impl Iterator<Item = &'a Path> {
    [path].into_iter().chain(links.iter().flat_map(|link| [&*link.path, &*link.target]))
}

/// Returns whether the file or a symbolic link to it belongs to another user, and its folder is one
/// with the sticky bit that other users can write to, such as `/tmp` (`inode(7)`).
fn is_replaceable_by_owner(path: &Path, links: &[FollowedLink]) -> bool {
    files_on_the_way(path, links).any(|file| {
        let folder = fs::metadata(folder_of(file)).is_ok_and(|folder| folder.mode() & 0o022 != 0);
        folder && fs::symlink_metadata(file).is_ok_and(|file| is_foreign(file.uid()))
    })
}

/// Returns whether a user is neither this one nor root.
fn is_foreign(user: u32) -> bool {
    user != 0 && user != Uid::effective().as_raw()
}

/// Returns the reason why other users can replace the files of a folder: they can write to it and it
/// has no sticky bit, or one of them owns it.
pub(super) fn unsafe_folder(folder: &Path) -> Option<String> {
    let metadata = fs::metadata(folder).ok()?;
    let (mode, owner, folder) = (metadata.mode(), metadata.uid(), folder.display());
    if mode & 0o022 != 0 && mode & 0o1000 == 0 {
        return Some(format!("other users can write to the folder {folder}"));
    }
    // The owner of a folder may rename what is in it, also with the sticky bit.
    is_foreign(owner).then(|| format!("the folder {folder} belongs to another user (uid {owner})"))
}
