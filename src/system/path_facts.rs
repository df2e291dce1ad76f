//! What stands at the path of a name, as `lsock name` reports it.

use crate::diag::standing::{Fact, FileKind, MissingGroup};
use std::{
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
};

/// What stands at a path.
#[derive(Debug)]
pub(crate) struct PathFacts {
    pub(crate) path: PathBuf,
    /// The symbolic links on the way, in the order in which they are followed.
    pub(crate) links: Vec<FollowedLink>,
    pub(crate) end: PathEnd,
    /// The reason why other users can put another file in the place of this one, if they can.
    pub(crate) replaceable: Option<String>,
    /// Whether another user can do so because the file, or a symbolic link to it, is theirs: the
    /// sticky bit of a folder that all users can write to keeps only the others from it.
    pub(crate) is_replaceable_by_owner: bool,
}

/// A symbolic link and its target. Both begin as the name was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FollowedLink {
    pub(crate) path: PathBuf,
    pub(crate) target: PathBuf,
}

/// Where a path ends.
#[derive(Debug)]
#[cfg_attr(windows, expect(dead_code, reason = "pipes are not in a folder of files"))]
pub(crate) enum PathEnd {
    File(FileFacts),
    /// At no file, for this reason.
    Nowhere(Fact),
    /// The system does not say.
    Unknown,
}

/// A file at the end of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileFacts {
    pub(crate) kind: FileKind,
    pub(crate) owner: NumberedAccount,
    pub(crate) group: NumberedAccount,
    pub(crate) mode: u32,
    /// Whether this user has the permission to connect, if it is a socket; `None` if the system
    /// does not say.
    pub(crate) may_connect: Option<bool>,
    /// The group that would give the permission.
    pub(crate) missing_group: Option<MissingGroup>,
}

impl PathFacts {
    /// Returns the path that the symbolic links lead to.
    pub(crate) fn target(&self) -> &Path {
        self.links.last().map_or(&self.path, |link| &link.target)
    }
}

impl FileFacts {
    pub(crate) fn is_socket(&self) -> bool {
        self.kind == FileKind::Socket
    }
}

/// A user or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberedAccount {
    pub(crate) id: u32,
    /// `None` if the number has no name.
    pub(crate) name: Option<String>,
    /// `uid` or `gid`.
    pub(crate) number_kind: &'static str,
}

/// Prints the name, or `uid N` or `gid N`.
impl Display for NumberedAccount {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "{} {}", self.number_kind, self.id),
        }
    }
}
