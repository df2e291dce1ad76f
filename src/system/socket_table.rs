//! The local sockets of the system, and the processes that have them open.

pub(crate) use super::imp::socket_table::{
    LISTS_NAMES_ONLY, is_stale, locate, name_of, owner_of_socket_file, path_of, user_id, user_name,
};
pub(crate) use local_socket_table::{
    EntryAddress, EntryName, EntryState, ProcessFacts, ProcessScope, SocketEntry, SocketKind,
    SocketOwners, SocketQueue, TableSource, pending, visit,
};

use crate::diag::escaped_path;
use local_socket::{GenericFilePath, ToFsName as _};
use std::{
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
};

/// The name of a socket in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListedName {
    Path {
        path: PathBuf,
        finding: PathFinding,
    },
    /// An abstract name. It can be empty, which no program but socat(1) can use.
    Abstract(Vec<u8>),
}

/// Whether the path of a socket leads to its file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "names of pipes are always found")]
pub(crate) enum PathFinding {
    /// It does, or this user may not find out.
    Found,
    /// There is no file, or another one: a server has ended without removing its name, or has lost
    /// it to another one. Or the path is one of another mount namespace, such as a container's.
    NotThere,
    /// It does: the file was moved there by a tap, whose own socket is at the path of the server.
    Tapped,
    /// The path is relative to a folder that is not known.
    UnknownFolder,
}

/// Prints the name so that lsock reads it, if it can: a path that is too long for a name, or whose
/// folder is not known, is no name.
impl Display for ListedName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { path, finding: PathFinding::UnknownFolder } => {
                // Without `.` components.
                let path: PathBuf = Path::new("?").join(path).components().collect();
                write_path(f, &path)
            }
            Self::Path { path, .. } => write_path(f, path),
            Self::Abstract(bytes) => match name_of(&EntryName::Abstract(bytes.clone())) {
                Some(name) => name.fmt(f),
                None => f.write_str("@"),
            },
        }
    }
}

fn write_path(f: &mut Formatter<'_>, path: &Path) -> fmt::Result {
    match path.to_fs_name::<GenericFilePath>() {
        Ok(name) => name.fmt(f),
        Err(_) => f.write_str(&escaped_path(path)),
    }
}

/// Returns the word for a type of sockets, as in `lsock ls --type`.
pub(crate) fn kind_word(kind: SocketKind) -> &'static str {
    match kind {
        SocketKind::Stream => "stream",
        SocketKind::SeqPacket => "seqpacket",
        SocketKind::Datagram => "dgram",
    }
}

impl ListedName {
    /// Returns the name as its server has given it to `bind(2)`.
    pub(crate) fn as_bound(bound: &EntryName) -> Self {
        match bound {
            EntryName::Abstract(bytes) => Self::Abstract(bytes.clone()),
            EntryName::Path(path) => {
                Self::Path { path: path_of(path), finding: PathFinding::Found }
            }
        }
    }

    /// Returns why the name cannot be typed for lsock, if it cannot.
    pub(crate) fn obstacle(&self) -> Option<&'static str> {
        match self {
            Self::Path { path, .. } => {
                path.as_path().to_fs_name::<GenericFilePath>().err().map(|_| "path too long")
            }
            Self::Abstract(bytes) => bytes.is_empty().then_some("empty name"),
        }
    }

    /// Returns whether the name leads to the socket.
    pub(crate) fn finding(&self) -> PathFinding {
        match self {
            Self::Path { finding, .. } => *finding,
            Self::Abstract(_) => PathFinding::Found,
        }
    }
}
