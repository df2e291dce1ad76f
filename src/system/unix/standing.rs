//! Finds out what stands at the path of a socket that could not be used.
//!
//! The path is examined after the error, and it may have changed in between. So only facts that
//! agree with the error are returned.

#[cfg(target_os = "linux")]
use super::namespaces::{Namespace, with_abstract_name};
use super::{
    may,
    path_walk::{Found, Place, folder_of, follow, kind, rights, user_name},
};
use crate::diag::{
    Failure, SocketFailure,
    standing::{Fact, FileKind, Standing},
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
    os::unix::{fs::MetadataExt, net::UnixDatagram},
    path::Path,
};

/// Returns the error of a local socket together with what stands at its name.
pub(crate) fn examine(error: io::Error) -> SocketFailure {
    let standing = SocketError::of(&error).and_then(explanation).map(Box::new);
    SocketFailure { error, standing }
}

/// Adds to the error of connecting to a local socket that the name exists elsewhere, if it does. It
/// examines all processes, so it is for an error that ends the program.
pub(crate) fn search_elsewhere(mut failure: Failure) -> Failure {
    if let Failure::Connect { error, file: None } | Failure::ConnectTimedOut { error, .. } =
        &mut failure
        && error.standing.is_none()
        && error.error.kind() == ErrorKind::ConnectionRefused
        && let Some(name) = SocketError::of(&error.error).map(SocketError::name)
        && !name.is_path()
    {
        error.standing = elsewhere(name).map(|fact| Box::new(Standing { link: None, fact }));
    }
    failure
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
    let Found { link, place } = follow(path)?;
    let fact = match (code, place) {
        // The message of the error is complete.
        (Errno::NOENT, Place::Problem(Fact::Missing(missing)))
            if link.is_none() && missing == path =>
        {
            return None;
        }
        (_, Place::Problem(fact)) => (errno_of(&fact) == Some(code)).then_some(fact)?,
        // The path ends in a slash.
        (Errno::NOTDIR, Place::File(file)) if !file.is_dir() => {
            Fact::NotAFolder(path.to_owned(), kind(file.file_type()))
        }
        (Errno::ACCESS, Place::File(file)) if may(path, Access::WRITE_OK) == Some(false) => {
            match kind(file.file_type()) {
                FileKind::Socket => Fact::ClosedSocket(rights(&file)),
                other => Fact::NoSocket(other),
            }
        }
        (Errno::CONNREFUSED | Errno::NOTSOCK | Errno::PROTOTYPE, Place::File(file)) => {
            match kind(file.file_type()) {
                FileKind::Socket => state(path, code)?,
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
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS => match follow(path)?.place {
            Place::Problem(fact)
                if errno_of(&fact) == Some(code) && fact != Fact::Missing(path.to_owned()) =>
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

/// Returns the permission for the folder that this user does not have.
fn closed(folder: &Path) -> Option<Fact> {
    let fact = match (may(folder, Access::EXEC_OK), may(folder, Access::WRITE_OK)) {
        (Some(false), _) => Fact::ClosedFolder,
        (_, Some(false)) => Fact::UnwritableFolder,
        _ => return None,
    };
    Some(fact(folder.to_owned(), rights(&fs::metadata(folder).ok()?)))
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

/// Returns the state of a socket that cannot be connected to, by connecting a datagram socket, which
/// sends nothing and which no stream server notices.
fn state(path: &Path, code: Errno) -> Option<Fact> {
    let probe = UnixDatagram::unbound().and_then(|socket| socket.connect(path));
    let probed = probe.map_err(|error| Errno::from_io_error(&error));
    match (code, probed) {
        (Errno::CONNREFUSED, Err(Some(Errno::CONNREFUSED))) => Some(Fact::Stale),
        (Errno::CONNREFUSED, Err(Some(Errno::PROTOTYPE))) => Some(Fact::NotListening),
        // A datagram socket that is connected to another one refuses with EPERM.
        (Errno::PROTOTYPE, Ok(()) | Err(Some(Errno::PERM))) => Some(Fact::Datagram),
        (Errno::PROTOTYPE, Err(Some(Errno::PROTOTYPE))) => Some(Fact::SeqPacket),
        _ => None,
    }
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
