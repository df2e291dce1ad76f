//! The files and names of the sockets in the system's table.

use super::{
    accounts,
    socket_file::{aside_path, path_of_aside},
};
use crate::{
    diag::Failure,
    system::{
        socket_table::{ListedName, PathFinding},
        user_names,
    },
};
use local_socket::{GenericFilePath, Name, ToFsName as _};
use local_socket_table::{EntryAddress, EntryName, FileNumbers};
use std::{
    ffi::OsStr,
    fs::{self, FileType},
    io::ErrorKind,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileTypeExt as _, MetadataExt as _},
    },
    path::{self, Path, PathBuf},
};

pub(crate) use super::socket_file::is_stale;

/// Whether the list has neither connections nor processes.
pub(crate) const LISTS_NAMES_ONLY: bool = false;

/// Returns the name by which lsock uses a socket. A path can be relative to the folder in which its
/// server was. Returns `None` for a name that no program but its own can use, such as an empty one.
pub(crate) fn name_of(bound: &EntryName) -> Option<Name<'static>> {
    match bound {
        EntryName::Path(path) => {
            let name = OsStr::from_bytes(path).to_fs_name::<GenericFilePath>();
            name.map(Name::into_owned).ok()
        }
        EntryName::Abstract(bytes) => abstract_name(bytes),
    }
}

/// Returns what identifies a name in the table. Symbolic links are followed. Returns `None` if there
/// is no such file.
pub(crate) fn address_of(name: &Name<'_>) -> Option<EntryAddress> {
    if name.is_path() {
        file_at(Path::new(name.as_os_str())).map(EntryAddress::File)
    } else {
        Some(EntryAddress::Name(EntryName::Abstract(name.as_bytes().to_vec())))
    }
}

/// Returns a path that a process has given to `bind(2)`.
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    OsStr::from_bytes(bytes).into()
}

/// Returns the owner of a file of this type, if it is a socket file.
pub(crate) fn owner_of_socket_file(path: &Path, kind: FileType) -> Option<u32> {
    let file = kind.is_socket().then(|| fs::symlink_metadata(path).ok()).flatten()?;
    Some(file.uid())
}

/// Returns the name of a socket for a list. `pids` are the processes that have the socket open.
pub(crate) fn locate(
    bound: &EntryName,
    file: Option<FileNumbers>,
    pids: impl IntoIterator<Item = u32>,
) -> ListedName {
    let path = match bound {
        EntryName::Abstract(bytes) => return ListedName::Abstract(bytes.clone()),
        EntryName::Path(path) => Path::new(OsStr::from_bytes(path)),
    };
    let is_absolute = path.is_absolute();
    // Paths in a container lead to other files here.
    let found = |path: PathBuf| ListedName::Path { path, finding: PathFinding::Found };
    if is_absolute && leads_to(path, file) != Some(false) {
        return found(path.to_owned());
    }
    if is_absolute && let Some(name) = moved(path, file) {
        return name;
    }
    // A process that has moved to `/`, as services do, has bound its path elsewhere.
    let mut likely = is_absolute.then(|| path.to_owned());
    for pid in pids {
        let folder = if is_absolute { "root" } else { "cwd" };
        let folder = PathBuf::from(format!("/proc/{pid}/{folder}"));
        let relative = path.strip_prefix("/").unwrap_or(path);
        // Without `.` components.
        let joined = |folder: &Path| folder.join(relative).components().collect::<PathBuf>();
        let link = fs::read_link(&folder).ok().filter(|_| !is_absolute);
        if let Some(link) = link.filter(|link| link != Path::new("/")) {
            let path = joined(&link);
            if leads_to(&path, file) == Some(true) {
                return found(path);
            }
            if let Some(name) = moved(&path, file) {
                return name;
            }
            likely.get_or_insert(path);
        }
        let path = joined(&folder);
        if leads_to(&path, file) == Some(true) {
            return found(path);
        }
    }
    // The folder of a process that this user may not examine can be this one.
    let here = || path::absolute(path).ok().filter(|path| leads_to(path, file) == Some(true));
    if !is_absolute
        && file.is_some()
        && let Some(path) = here()
    {
        return found(path);
    }
    match likely {
        Some(path) => ListedName::Path { path, finding: PathFinding::NotThere },
        None => ListedName::Path { path: path.to_owned(), finding: PathFinding::UnknownFolder },
    }
}

/// Returns the name of a file that a tap has moved away from the path, or to it if it is the tap's.
fn moved(path: &Path, file: Option<FileNumbers>) -> Option<ListedName> {
    file?;
    let is_there = |path: &PathBuf| leads_to(path, file) == Some(true);
    let tap = path_of_aside(path).filter(is_there).map(|path| (path, PathFinding::Found));
    let server =
        || Some((aside_path(path), PathFinding::Tapped)).filter(|(path, _)| is_there(path));
    let (path, finding) = tap.or_else(server)?;
    Some(ListedName::Path { path, finding })
}

/// Returns whether the path leads to the file, or to a socket if no file is known. Returns `None` if
/// this user may not find out.
fn leads_to(path: &Path, file: Option<FileNumbers>) -> Option<bool> {
    match fs::metadata(path) {
        Ok(found) => {
            let is_socket = found.file_type().is_socket();
            Some(is_socket && file.is_none_or(|file| is_file(path, &found, file)))
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Some(false)
        }
        Err(_) => None,
    }
}

/// Returns the number of a user who is given by name or number.
///
/// # Errors
/// `Usage` if there is no such user.
pub(crate) fn user_id(user: &str) -> Result<u32, Failure> {
    match user.parse() {
        Ok(id) => Ok(id),
        Err(_) => accounts::user_id(user),
    }
}

/// Returns the name of a user, if it has one. It blocks the thread.
pub(crate) fn user_name(id: u32) -> Option<String> {
    user_names::look_up(id)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
use linux::{abstract_name, file_at, is_file};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::{FileNumbers, Name, Path};
    use local_socket::os::unix::AbstractNsUdSocket;
    use rustix::fs::{Mode, OFlags, fstat, open};
    use std::{fs::Metadata, os::unix::fs::MetadataExt as _};

    pub(super) fn abstract_name(bytes: &[u8]) -> Option<Name<'static>> {
        AbstractNsUdSocket::from_bytes(bytes).map(Name::into_owned).ok()
    }

    /// Returns the numbers by which the table names the file at a path.
    pub(super) fn file_at(path: &Path) -> Option<FileNumbers> {
        let file = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
        FileNumbers::of_open_file(&file)
            .or_else(|| fstat(&file).ok().map(|stat| FileNumbers::shown(&stat)))
    }

    /// Returns whether the file at a path is the one with the numbers.
    pub(super) fn is_file(path: &Path, metadata: &Metadata, file: FileNumbers) -> bool {
        FileNumbers::of_numbers(metadata.dev(), metadata.ino()) == file
            || file_at(path) == Some(file)
    }
}

/// Systems without a table.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod without {
    use super::{FileNumbers, Name, Path};
    use std::fs::Metadata;

    pub(super) fn abstract_name(_: &[u8]) -> Option<Name<'static>> {
        None
    }

    pub(super) fn file_at(_: &Path) -> Option<FileNumbers> {
        None
    }

    pub(super) fn is_file(_: &Path, _: &Metadata, _: FileNumbers) -> bool {
        false
    }
}
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use without::{abstract_name, file_at, is_file};
