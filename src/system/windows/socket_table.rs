//! The pipes of the system, which are listed by name alone: Windows names the process and the user of
//! a pipe only to those who connect.

use crate::{diag::Failure, system::socket_table::ListedName};
use local_socket::{GenericFilePath, Name, ToFsName as _};
use local_socket_table::{EntryName, FileNumbers};
use std::{
    fs::FileType,
    io,
    path::{Path, PathBuf},
};

/// Whether the list has neither connections nor processes.
pub(crate) const LISTS_NAMES_ONLY: bool = true;

/// Returns the name of a pipe.
pub(crate) fn name_of(bound: &EntryName) -> Option<Name<'static>> {
    match bound {
        EntryName::Path(path) => {
            path_of(path).to_fs_name::<GenericFilePath>().map(Name::into_owned).ok()
        }
        EntryName::Abstract(_) => None,
    }
}

/// Returns the path of a pipe.
pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Returns the name of a socket for a list.
pub(crate) fn locate(
    bound: &EntryName,
    _: Option<FileNumbers>,
    _: impl IntoIterator<Item = u32>,
) -> ListedName {
    ListedName::as_bound(bound)
}

/// Returns `None`: pipes are no files.
pub(crate) fn owner_of_socket_file(_: &Path, _: FileType) -> Option<u32> {
    None
}

/// Returns `Unsupported`: pipes are no files.
pub(crate) fn is_stale(_: &Path) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns `Unsupported`: the users of pipes are not known.
pub(crate) fn user_id(_: &str) -> Result<u32, Failure> {
    Err(Failure::Unsupported {
        option: "--user",
        why: "Windows names the user of a pipe only to those who connect",
    })
}

/// Returns `None`: users have no numbers.
pub(crate) fn user_name(_: u32) -> Option<String> {
    None
}
