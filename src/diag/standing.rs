//! What stands at the name of a socket that could not be used, in words.

use super::escaped;
use local_socket::{
    Directions, Name,
    error::{Action, SocketError},
};
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
    path::{Path, PathBuf},
};

/// The error of listening on a name or of connecting to it, with what stands there if that explains
/// the error.
#[derive(Debug)]
pub(crate) struct SocketFailure {
    pub(crate) error: io::Error,
    pub(crate) standing: Option<Box<Standing>>,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Where the name leads to, if it is a symbolic link.
    pub(crate) link: Option<PathBuf>,
    pub(crate) fact: Fact,
}

/// A fact that explains why a name could not be used. Paths begin as the name was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each system has some of them")]
pub(crate) enum Fact {
    /// Nothing exists at the path, which is a folder of the name or the target of a link.
    Missing(PathBuf),
    /// A folder of the name is a symbolic link, and nothing exists at its target.
    DanglingFolder { folder: PathBuf, target: PathBuf },
    /// A folder of the name is another kind of file.
    NotAFolder(PathBuf, FileKind),
    /// The symbolic link leads back to itself.
    LinkLoop(PathBuf),
    /// This user has no search permission for the folder.
    ClosedFolder(PathBuf, Rights),
    /// This user may not create or remove files in the folder.
    UnwritableFolder(PathBuf, Rights),
    /// The file belongs to another user, and so does the folder, which has the sticky bit.
    StickyFolder { folder: PathBuf, owner: String },
    /// The folder has the attribute that forbids every change (`chattr(1)`).
    ImmutableFolder(PathBuf),
    /// The file system of the folder is mounted read-only.
    ReadOnlyFileSystem(PathBuf),
    /// A file system or a file is mounted at the path.
    MountPoint,
    /// A symbolic link, where only a socket file is replaced.
    Link,
    /// A file that is not a socket.
    NoSocket(FileKind),
    /// A socket file whose socket is closed.
    Stale,
    /// An open socket that does not accept connections.
    NotListening,
    /// A datagram socket.
    Datagram,
    /// A socket for sequenced packets.
    SeqPacket,
    /// This user has no write permission for the socket file.
    ClosedSocket(Rights),
    /// The abstract name exists in the network namespace of this process, and not in ours.
    OtherNamespace { pid: u32, command: String },
    /// The security descriptor of the named pipe, or its direction, does not let this user use it
    /// in these directions.
    ClosedPipe(Directions),
}

/// The type of a file that is not a socket.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "only some systems have files in place of sockets")]
pub(crate) enum FileKind {
    RegularFile,
    Folder,
    Fifo,
    Device,
    Socket,
    Other,
}

/// Owner and mode of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// The name of the user, or `uid N`.
    pub(crate) owner: String,
    pub(crate) mode: u32,
}

impl Fact {
    /// Returns the words of the system's error that the fact does not replace.
    fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Missing(_) | Self::DanglingFolder { .. } => Some("no such file or directory"),
            Self::ClosedFolder(..) | Self::UnwritableFolder(..) | Self::ClosedSocket(_) => {
                Some("permission denied")
            }
            Self::StickyFolder { .. } | Self::ImmutableFolder(_) => Some("operation not permitted"),
            Self::MountPoint => Some("resource busy"),
            Self::Stale | Self::NotListening | Self::OtherNamespace { .. } => {
                Some("connection refused")
            }
            Self::ClosedPipe(_) => Some("access denied"),
            Self::NotAFolder(..)
            | Self::LinkLoop(_)
            | Self::ReadOnlyFileSystem(_)
            | Self::Link
            | Self::NoSocket(_)
            | Self::Datagram
            | Self::SeqPacket => None,
        }
    }

    /// Returns what the name is, or a sentence about another path.
    fn text(&self) -> Text {
        match self {
            Self::Missing(path) => Text::Sentence(format!("{} does not exist", shown(path))),
            Self::DanglingFolder { folder, target } => Text::Sentence(format!(
                "the folder {} is a symbolic link to {}, which does not exist",
                shown(folder),
                shown(target)
            )),
            Self::NotAFolder(path, kind) => {
                Text::Sentence(format!("{} is {kind}, not a folder", shown(path)))
            }
            Self::LinkLoop(path) => {
                Text::Sentence(format!("the symbolic link {} leads back to itself", shown(path)))
            }
            Self::ClosedFolder(folder, rights) => Text::Sentence(format!(
                "this user may not search the folder {} ({rights})",
                shown(folder)
            )),
            Self::UnwritableFolder(folder, rights) => Text::Sentence(format!(
                "this user may not write to the folder {} ({rights})",
                shown(folder)
            )),
            Self::StickyFolder { folder, owner } => Text::Sentence(format!(
                "the file belongs to {owner}, and the sticky bit of the folder {} keeps other \
                 users from replacing it",
                shown(folder)
            )),
            Self::ImmutableFolder(folder) => {
                Text::Sentence(format!("the folder {} is immutable", shown(folder)))
            }
            Self::ReadOnlyFileSystem(folder) => Text::Sentence(format!(
                "the file system of the folder {} is read-only",
                shown(folder)
            )),
            Self::MountPoint => Text::Noun("a mount point, which cannot be replaced".to_owned()),
            Self::Link => Text::Noun("not a socket itself".to_owned()),
            Self::NoSocket(kind) => Text::Noun(format!("{kind}, not a socket")),
            Self::Stale => Text::Noun(
                "a socket file that nobody listens on, neither for connections nor for datagrams"
                    .to_owned(),
            ),
            Self::NotListening => {
                Text::Noun("a socket that does not accept connections".to_owned())
            }
            Self::Datagram => Text::Noun("a datagram socket, not a stream socket".to_owned()),
            Self::SeqPacket => Text::Noun("a seqpacket socket, not a stream socket".to_owned()),
            Self::ClosedSocket(rights) => {
                Text::Noun(format!("a socket file that this user may not write to ({rights})"))
            }
            Self::OtherNamespace { pid, command } => Text::Sentence(format!(
                "nobody listens in this network namespace, but in that of pid {pid} ({})",
                escaped(command)
            )),
            Self::ClosedPipe(directions) => Text::Noun(format!(
                "a pipe that this user may not {}",
                match directions {
                    Directions::Both => "both read and write",
                    Directions::Send => "write",
                    Directions::Receive => "read",
                }
            )),
        }
    }
}

/// The description of a fact.
enum Text {
    /// What the name is.
    Noun(String),
    /// A sentence about another path.
    Sentence(String),
}

impl Display for Standing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(reason) = self.fact.reason() {
            write!(f, "{reason}: ")?;
        }
        match (&self.link, self.fact.text()) {
            (None, Text::Noun(text)) => write!(f, "it is {text}"),
            (None, Text::Sentence(text)) => f.write_str(&text),
            (Some(link), Text::Noun(text)) => {
                write!(f, "it is a symbolic link to {}, {text}", shown(link))
            }
            (Some(link), Text::Sentence(_)) if matches!(&self.fact, Fact::Missing(path) if path == link) =>
            {
                write!(f, "it is a symbolic link to {}, which does not exist", shown(link))
            }
            (Some(link), Text::Sentence(text)) => {
                write!(f, "it is a symbolic link to {}, and {text}", shown(link))
            }
        }
    }
}

impl SocketFailure {
    /// Returns the fact that explains the error, if one is known.
    pub(super) fn fact(&self) -> Option<&Fact> {
        self.standing.as_ref().map(|standing| &standing.fact)
    }

    /// Returns whether connecting has failed only because nobody listens on the name, which a server
    /// can still do.
    pub(crate) fn lacks_a_listener(&self) -> bool {
        let is_absent =
            matches!(self.error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
        is_absent && matches!(self.fact(), None | Some(Fact::Stale | Fact::NotListening))
    }

    fn name(&self) -> Option<(&'static str, &Name<'static>)> {
        let socket = SocketError::of(&self.error)?;
        match socket.action() {
            Action::Bind => Some(("bind", socket.name())),
            Action::Connect => Some(("connect to", socket.name())),
            _ => None,
        }
    }
}

/// Prints one line: the action, the name as typed, and the reason.
impl Display for SocketFailure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (&self.standing, self.name()) {
            (Some(standing), Some((action, name))) => {
                write!(f, "cannot {action} {name}: {standing}")
            }
            _ => write!(f, "{}", self.error),
        }
    }
}

impl Error for SocketFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Converts an error that no known fact explains.
impl From<io::Error> for SocketFailure {
    fn from(error: io::Error) -> Self {
        Self { error, standing: None }
    }
}

impl Display for FileKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RegularFile => "a regular file",
            Self::Folder => "a folder",
            Self::Fifo => "a fifo",
            Self::Device => "a device",
            Self::Socket => "a socket",
            Self::Other => "a file of an unknown kind",
        })
    }
}

impl Display for Rights {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "owner {}, mode {:04o}", self.owner, self.mode)
    }
}

fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}
