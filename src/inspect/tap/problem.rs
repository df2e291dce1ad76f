use super::TapPaths;
use crate::{
    diag::{Failure, USAGE, escaped_path, quoted, slash_hint, standing::Standing},
    system::{
        explain_absence,
        socket_file::{SocketFile, SocketState},
    },
};
use local_socket::{
    Name,
    error::{HeldLock, Holder, reason},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a name cannot be tapped, or why what a tap has left behind cannot be put right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TapProblem {
    /// The name has no file that could be renamed.
    #[error("{0} has no file that could be renamed")]
    NoFile(&'static str),
    #[error("it is {0}, not a socket")]
    NotASocket(String),
    #[error("it is a symbolic link to {}", escaped_path(.0))]
    Link(PathBuf),
    /// The path leads to no file, for this reason.
    #[error("{0}")]
    NoWay(Box<Standing>),
    /// Nobody accepts connections.
    #[error("{}", state_text(*.0))]
    NotListening(SocketState),
    #[error("it cannot be found out whether a server listens: this user may not connect")]
    UnknownState,
    #[error("it is already tapped by {0}")]
    AlreadyTapped(Holder),
    /// Only the owner of the file, or root, can create one with the same owner.
    #[error("it belongs to {owner}, and this process runs as {user}")]
    Owner { owner: String, user: String },
    /// The server would take other users for the user of this process.
    #[error(
        "other users may connect to it (owner {owner}, mode {mode:04o}), and its server would take them \
         for {user}"
    )]
    OtherUsers { owner: String, mode: u32, user: String },
    #[error("{0}")]
    Locked(String),
    #[error("{0} is in the way, which is no socket of a tap")]
    InTheWay(String),
    /// The file aside is not like that at the name: a stranger may have put it there.
    #[error("the socket aside does not have the owner, group and mode of the one at the name")]
    ForeignAside,
    /// Another server came to the name while the files were exchanged.
    #[error("another socket took its place at this very moment")]
    Displaced,
    /// The same, and the file of that socket could not be put back.
    #[error("another socket took its place at this very moment, and its file is aside now")]
    LeftAside,
    /// Another error of a system call.
    #[error("{}", reason(.0))]
    System(#[from] io::Error),
}

impl TapProblem {
    /// Returns the error of a folder whose lock another process holds.
    pub(super) fn locked(lock: &HeldLock) -> Self {
        let by = lock.holder.as_ref().map(|holder| format!(", {holder},")).unwrap_or_default();
        let folder = escaped_path(&lock.folder);
        Self::Locked(format!("another process{by} holds the lock of the folder {folder}"))
    }

    /// Returns the error of a path at which no file was found.
    pub(super) fn no_way(path: &Path, error: io::Error) -> Self {
        match explain_absence(path, &error) {
            Some(standing) => Self::NoWay(Box::new(standing)),
            None => error.into(),
        }
    }

    /// Returns the error of a folder that this process cannot lock.
    pub(super) fn unreadable_folder() -> Self {
        Self::Locked("its folder cannot be read, which locking it takes".to_owned())
    }

    /// Returns the failure of the command. A name that is no file has no paths.
    pub(crate) fn failure(&self, name: &Name<'_>, paths: Option<&TapPaths>) -> Failure {
        let word = quoted(&name.to_string());
        let aside = paths.map(TapPaths::aside_text).unwrap_or_default();
        let hint = match self {
            Self::NoFile(_) => Some(format!(
                "`lsock relay --trace OTHER {word}` listens on another name: point the client there"
            )),
            Self::Link(target) => Some(format!("tap {} itself", escaped_path(target))),
            Self::Owner { owner, .. } => Some(format!("run lsock as {owner} or as root")),
            Self::OtherUsers { user, .. } => Some(format!(
                "--as-me does it nevertheless: every client is served with the rights of {user}"
            )),
            Self::NotListening(SocketState::Closed) => {
                Some("its server has ended; start it first".to_owned())
            }
            Self::InTheWay(_) => Some(format!("remove {aside}, if it is yours")),
            Self::ForeignAside => Some(format!(
                "examine {aside}; if it is the server's, move it over {word}, else remove it"
            )),
            Self::AlreadyTapped(_) => Some(
                "end that process first; if it is no tap but the server, its earlier socket is at "
                    .to_owned()
                    + &aside,
            ),
            Self::LeftAside => Some(format!("`mv {aside} {word}` puts it back")),
            Self::Displaced => Some("try again".to_owned()),
            Self::NoWay(standing) => slash_hint(name, Some(&standing.fact)),
            _ => None,
        };
        let status = match self {
            Self::NoFile(_) | Self::Link(_) | Self::OtherUsers { .. } => USAGE,
            _ => 3,
        };
        Failure::Advised { message: format!("cannot tap {name}: {self}"), hint, status }
    }
}

/// Returns the state of the socket of a file that is at the path.
///
/// # Errors
/// `UnknownState` if this user may not connect to the socket, or else `System`.
pub(super) fn state_of(file: &SocketFile, path: &Path) -> Result<SocketState, TapProblem> {
    file.state(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => TapProblem::UnknownState,
        _ => error.into(),
    })
}

fn state_text(state: SocketState) -> &'static str {
    match state {
        SocketState::Closed => "nobody listens",
        SocketState::Datagram => "it is a datagram socket, which has no connections",
        SocketState::SeqPacket { .. } => "it is a socket for sequenced packets, not for a stream",
        SocketState::Stream { .. } | SocketState::Open => "its server does not accept connections",
    }
}
