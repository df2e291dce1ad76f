//! Finds out what stands at the path of a socket that could not be used.
//!
//! The path is examined after the error, and it may have changed in between. So only facts that
//! agree with the error are returned.

#[cfg(target_os = "linux")]
use super::namespaces::{Namespace, with_abstract_name};
use super::{
    may,
    path_walk::{FollowedPath, SEARCH, WRITE, WalkEnd, folder_of, follow, kind, rights, user_name},
    socket_file::{SocketState, moved_by_tap},
};
use crate::{
    diag::{
        Failure, SocketFailure,
        standing::{Fact, FileKind, Standing},
    },
    system::{SocketQuery, find_sockets},
};
use local_socket::{
    Name,
    error::{Action, Obstacle, SocketError},
};
use nix::unistd::Uid;
use rustix::{fs::Access, io::Errno};
use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Returns the error of a local socket together with what stands at its name.
pub(crate) fn examine(error: io::Error) -> SocketFailure {
    let standing = SocketError::of(&error).and_then(explanation).map(Box::new);
    SocketFailure { error, standing }
}

/// Adds to the error of connecting to a local socket what [`examine_further`] finds.
pub(crate) fn search_elsewhere(mut failure: Failure) -> Failure {
    if let Failure::Connect { error, file: None } | Failure::ConnectTimedOut { error, .. } =
        &mut failure
    {
        examine_further(error);
    }
    failure
}

/// Adds to the error of connecting to a local socket where else the name exists, and how long the
/// backlog is. It examines all processes or sockets, so it is for an error that ends the program.
pub(crate) fn examine_further(failure: &mut SocketFailure) {
    let Some(name) = SocketError::of(&failure.error).map(SocketError::name) else { return };
    match &mut failure.standing {
        None if failure.error.kind() == ErrorKind::ConnectionRefused => {
            let fact = server_elsewhere(name);
            failure.standing = fact.map(|fact| Box::new(Standing { link: None, fact }));
        }
        Some(standing) if standing.fact == Fact::FullBacklog(None) => {
            let sockets = find_sockets(name, SocketQuery::IsListening);
            // A backlog that has room by now explains nothing.
            let backlog = sockets.backlog.filter(|backlog| backlog.is_full());
            standing.fact = Fact::FullBacklog(backlog);
        }
        _ => {}
    }
}

/// Returns where else a name exists on which nobody listens here. It examines all processes.
pub(crate) fn server_elsewhere(name: &Name<'_>) -> Option<Fact> {
    if name.is_path() { None } else { elsewhere(name) }
}

#[cfg(target_os = "linux")]
fn elsewhere(name: &Name<'_>) -> Option<Fact> {
    let Namespace { pid, command } = with_abstract_name(name.as_bytes())?;
    Some(Fact::OtherNamespace { pid, command })
}

/// Returns `None`: only Linux has network namespaces.
#[cfg(not(target_os = "linux"))]
fn elsewhere(_: &Name<'_>) -> Option<Fact> {
    None
}

fn explanation(error: &SocketError) -> Option<Standing> {
    // Only a full backlog makes connecting to a local socket wait (`unix(7)`).
    let has_waited =
        matches!(error.system_error().kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
    if error.action() == Action::Connect && has_waited {
        return Some(Standing { link: None, fact: Fact::FullBacklog(None) });
    }
    let path = error.name().is_path().then(|| Path::new(error.name().as_os_str()))?;
    let code = Errno::from_raw_os_error(error.raw_os_error()?);
    match error.action() {
        Action::Connect => explain_connect(path, code),
        Action::Bind => explain_bind(path, code, error.obstacle()),
        _ => None,
    }
}

/// Returns what explains an error of `connect(2)`.
fn explain_connect(path: &Path, code: Errno) -> Option<Standing> {
    let FollowedPath { link, end } = follow(path)?;
    let fact = match (code, end) {
        // The message of the error is complete.
        (Errno::NOENT, WalkEnd::Problem(Fact::Missing(missing)))
            if link.is_none() && is_as_typed(&missing, path) =>
        {
            return None;
        }
        (_, WalkEnd::Problem(fact)) => (errno_of(&fact) == Some(code)).then_some(fact)?,
        (Errno::ACCESS, WalkEnd::File(file)) if may(path, Access::WRITE_OK) == Some(false) => {
            match kind(file.file_type()) {
                FileKind::Socket => Fact::ClosedSocket(rights(path, &file, WRITE)),
                other => Fact::NoSocket(other),
            }
        }
        (Errno::CONNREFUSED | Errno::NOTSOCK | Errno::PROTOTYPE, WalkEnd::File(file)) => {
            match kind(file.file_type()) {
                FileKind::Socket => match state(path, code)? {
                    Fact::Stale => tapped(link.as_deref().unwrap_or(path)).unwrap_or(Fact::Stale),
                    fact => fact,
                },
                // The system refuses before it looks at the type of a socket.
                _ if code == Errno::PROTOTYPE => return None,
                other => Fact::NoSocket(other),
            }
        }
        _ => return None,
    };
    // A link that leads back to itself leads nowhere.
    let link = link.filter(|_| !matches!(fact, Fact::LinkLoop(_)));
    Some(Standing { link, fact })
}

/// Returns what explains an error of listening. The error of the library explains a name that is in
/// use; only the target of a symbolic link is added.
fn explain_bind(path: &Path, code: Errno, obstacle: Option<&Obstacle>) -> Option<Standing> {
    let folder = folder_of(path);
    let fact = match code {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS => match follow(path)?.end {
            WalkEnd::Problem(fact)
                if errno_of(&fact) == Some(code)
                    && !matches!(&fact, Fact::Missing(missing) if is_as_typed(missing, path)) =>
            {
                fact
            }
            _ if code == Errno::ACCESS => closed(folder)?,
            _ => return None,
        },
        Errno::PERM if is_immutable(folder) => Fact::ImmutableFolder(folder.to_owned()),
        Errno::PERM => sticky(path, folder)?,
        Errno::ROFS => Fact::ReadOnlyFileSystem(folder.to_owned()),
        Errno::BUSY => is_mount_point(path).then_some(Fact::MountPoint)?,
        Errno::ADDRINUSE if matches!(obstacle, Some(Obstacle::NotASocket(_))) => {
            let link = fs::read_link(path).ok()?;
            return Some(Standing { link: Some(link), fact: Fact::Link });
        }
        _ => return None,
    };
    Some(Standing { link: None, fact })
}

/// Returns whether two paths are the same text. `Path` takes no notice of a slash at the end.
fn is_as_typed(one: &Path, other: &Path) -> bool {
    one.as_os_str() == other.as_os_str()
}

/// Returns what explains why there is no socket file at a path, after looking for it has failed.
pub(crate) fn explain_absence(path: &Path, error: &io::Error) -> Option<Standing> {
    explain_connect(path, Errno::from_io_error(error)?)
}

/// Returns the permission for the folder that this user does not have.
fn closed(folder: &Path) -> Option<Fact> {
    let file = fs::metadata(folder).ok()?;
    // Creating a file takes both permissions.
    let rights = rights(folder, &file, SEARCH | WRITE);
    match (may(folder, Access::EXEC_OK), may(folder, Access::WRITE_OK)) {
        (Some(false), _) => Some(Fact::ClosedFolder(folder.to_owned(), rights)),
        (_, Some(false)) => Some(Fact::UnwritableFolder(folder.to_owned(), rights)),
        _ => None,
    }
}

/// Returns the error number that goes with a fact about the folders and links of a path.
fn errno_of(fact: &Fact) -> Option<Errno> {
    match fact {
        Fact::Missing(_) | Fact::DanglingFolder { .. } => Some(Errno::NOENT),
        Fact::NotAFolder(..) => Some(Errno::NOTDIR),
        Fact::LinkLoop(_) => Some(Errno::LOOP),
        Fact::ClosedFolder(..) => Some(Errno::ACCESS),
        _ => None,
    }
}

/// Returns the state of a socket that cannot be connected to, which no server notices.
fn state(path: &Path, code: Errno) -> Option<Fact> {
    match (code, SocketState::of_file(path).ok()?) {
        (Errno::CONNREFUSED, SocketState::Closed) => Some(Fact::Stale),
        (
            Errno::CONNREFUSED,
            SocketState::Stream { listens: false }
            | SocketState::SeqPacket { listens: false }
            | SocketState::Open,
        ) => Some(Fact::NotListening),
        (Errno::PROTOTYPE, SocketState::Datagram) => Some(Fact::Datagram),
        (Errno::PROTOTYPE, SocketState::SeqPacket { .. } | SocketState::Open) => {
            Some(Fact::SeqPacket)
        }
        _ => None,
    }
}

/// Returns the fact that a tap has left the socket file of a live server aside.
fn tapped(path: &Path) -> Option<Fact> {
    moved_by_tap(path).map(Fact::TapLeftBehind)
}

/// Returns the fact that only other users may replace the file (`unlink(2)`, EPERM).
fn sticky(path: &Path, folder: &Path) -> Option<Fact> {
    const STICKY: u32 = 0o1000;
    let (file, directory) = (fs::symlink_metadata(path).ok()?, fs::metadata(folder).ok()?);
    let user = Uid::effective().as_raw();
    let is_sticky = directory.mode() & STICKY != 0;
    (is_sticky && ![file.uid(), directory.uid()].contains(&user))
        .then(|| Fact::StickyFolder { folder: folder.to_owned(), owner: user_name(file.uid()) })
}

#[cfg(target_os = "linux")]
use attributes::{is_immutable, is_mount_point};

/// Attributes of files that Linux reports (`statx(2)`).
#[cfg(target_os = "linux")]
mod attributes {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    use std::path::Path;

    /// Returns whether something is mounted at the path, which can be a file.
    pub(super) fn is_mount_point(path: &Path) -> bool {
        has(path, AtFlags::SYMLINK_NOFOLLOW, StatxAttributes::MOUNT_ROOT)
    }

    pub(super) fn is_immutable(folder: &Path) -> bool {
        has(folder, AtFlags::empty(), StatxAttributes::IMMUTABLE)
    }

    fn has(path: &Path, flags: AtFlags, attribute: StatxAttributes) -> bool {
        statx(CWD, path, flags, StatxFlags::TYPE)
            .is_ok_and(|file| file.stx_attributes.contains(attribute))
    }
}

/// Returns `false`: only Linux mounts files.
#[cfg(not(target_os = "linux"))]
fn is_mount_point(_: &Path) -> bool {
    false
}

/// Returns `false`: other systems report it in ways of their own.
#[cfg(not(target_os = "linux"))]
fn is_immutable(_: &Path) -> bool {
    false
}
