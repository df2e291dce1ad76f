//! What stands at the name of a socket that could not be used, in words.

use super::{escaped, escaped_path};
use local_socket::{
    Directions, Name,
    error::{Action, SocketError, reason},
};
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
    path::PathBuf,
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
    /// A tap was killed while it stood in for the server, whose socket file is at this path now.
    TapLeftBehind(PathBuf),
    /// An open socket that does not accept connections.
    NotListening,
    /// A datagram socket.
    Datagram,
    /// A socket for sequenced packets.
    SeqPacket,
    /// This user has no write permission for the socket file.
    ClosedSocket(Rights),
    /// As many connections wait as the server lets wait, so that the next one has to wait for its
    /// place; their number, if the system reports it.
    FullBacklog(Option<Backlog>),
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

/// The connections that wait to be accepted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) used: u32,
    pub(crate) limit: u32,
}

/// Who has rights to a file that this user lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// The name of the user, or `uid N`.
    pub(crate) owner: String,
    pub(crate) mode: u32,
    /// The group that would give the rights.
    pub(crate) missing_group: Option<MissingGroup>,
}

/// A group that has rights and that this process is not in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingGroup {
    /// The name of the group, or `gid N`.
    pub(crate) name: String,
    /// Whether the user is a member all the same: the session of this process has started before.
    pub(crate) is_listed: bool,
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
            Self::Stale
            | Self::TapLeftBehind(_)
            | Self::NotListening
            | Self::OtherNamespace { .. } => Some("connection refused"),
            Self::ClosedPipe(_) => Some("access denied"),
            Self::NotAFolder(..)
            | Self::LinkLoop(_)
            | Self::ReadOnlyFileSystem(_)
            | Self::Link
            | Self::NoSocket(_)
            | Self::Datagram
            | Self::SeqPacket
            | Self::FullBacklog(_) => None,
        }
    }

    /// Returns what the name is, or a sentence about another path.
    fn text(&self) -> FactText {
        match self {
            Self::Missing(path) => {
                FactText::Sentence(format!("{} does not exist", escaped_path(path)))
            }
            Self::DanglingFolder { folder, target } => FactText::Sentence(format!(
                "the folder {} is a symbolic link to {}, which does not exist",
                escaped_path(folder),
                escaped_path(target)
            )),
            Self::NotAFolder(path, kind) => {
                FactText::Sentence(format!("{} is {kind}, not a folder", escaped_path(path)))
            }
            Self::LinkLoop(path) => FactText::Sentence(format!(
                "the symbolic link {} leads back to itself",
                escaped_path(path)
            )),
            Self::ClosedFolder(folder, rights) => FactText::Sentence(format!(
                "this user may not search the folder {} ({rights})",
                escaped_path(folder)
            )),
            Self::UnwritableFolder(folder, rights) => FactText::Sentence(format!(
                "this user may not write to the folder {} ({rights})",
                escaped_path(folder)
            )),
            Self::StickyFolder { folder, owner } => FactText::Sentence(format!(
                "the file belongs to {owner}, and the sticky bit of the folder {} keeps other \
                 users from replacing it",
                escaped_path(folder)
            )),
            Self::ImmutableFolder(folder) => {
                FactText::Sentence(format!("the folder {} is immutable", escaped_path(folder)))
            }
            Self::ReadOnlyFileSystem(folder) => FactText::Sentence(format!(
                "the file system of the folder {} is read-only",
                escaped_path(folder)
            )),
            Self::MountPoint => {
                FactText::Noun("a mount point, which cannot be replaced".to_owned())
            }
            Self::Link => FactText::Noun("not a socket itself".to_owned()),
            Self::NoSocket(kind) => FactText::Noun(format!("{kind}, not a socket")),
            Self::Stale => FactText::Noun(
                "a socket file that nobody listens on, neither for connections nor for datagrams"
                    .to_owned(),
            ),
            Self::TapLeftBehind(aside) => FactText::Sentence(format!(
                "a tap was killed, and the socket file of the server is {} now",
                escaped_path(aside)
            )),
            Self::NotListening => {
                FactText::Noun("a socket that does not accept connections".to_owned())
            }
            Self::Datagram => FactText::Noun("a datagram socket, not a stream socket".to_owned()),
            Self::SeqPacket => FactText::Noun("a seqpacket socket, not a stream socket".to_owned()),
            Self::ClosedSocket(rights) => {
                FactText::Noun(format!("a socket file that this user may not write to ({rights})"))
            }
            Self::FullBacklog(backlog) => FactText::Sentence(match backlog {
                Some(backlog) => format!("its backlog is full ({backlog})"),
                None => "its backlog is full".to_owned(),
            }),
            Self::OtherNamespace { pid, command } => FactText::Sentence(format!(
                "nobody listens in this network namespace, but in that of pid {pid} ({})",
                escaped(command)
            )),
            Self::ClosedPipe(directions) => FactText::Noun(format!(
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
enum FactText {
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
            (None, FactText::Noun(text)) => write!(f, "it is {text}"),
            (None, FactText::Sentence(text)) => f.write_str(&text),
            (Some(link), FactText::Noun(text)) => {
                write!(f, "it is a symbolic link to {}, {text}", escaped_path(link))
            }
            (Some(link), FactText::Sentence(_)) if matches!(&self.fact, Fact::Missing(path) if path == link) =>
            {
                write!(f, "it is a symbolic link to {}, which does not exist", escaped_path(link))
            }
            (Some(link), FactText::Sentence(text)) => {
                write!(f, "it is a symbolic link to {}, and {text}", escaped_path(link))
            }
        }
    }
}

impl Backlog {
    /// Returns whether the next client has to wait.
    pub(crate) fn is_full(self) -> bool {
        self.used > self.limit
    }
}

/// Formats the figures of the system, as `ss -xl` shows them: a full backlog is one more than its
/// limit, because Linux lets one more connection wait than `listen(2)` says.
impl Display for Backlog {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.used, self.limit)
    }
}

impl Fact {
    /// Returns the fact as a part of a sentence, without the words of the system's error.
    pub(crate) fn description(&self) -> String {
        match self.text() {
            FactText::Noun(text) | FactText::Sentence(text) => text,
        }
    }
}

impl SocketFailure {
    /// Returns the message while connecting waits for a busy server.
    pub(crate) fn waiting(&self) -> String {
        let name = SocketError::of(&self.error).map(|socket| socket.name().to_string());
        let name = name.unwrap_or_default();
        match self.fact() {
            Some(Fact::FullBacklog(Some(backlog))) => {
                format!("waiting: the backlog of {name} is full ({backlog})")
            }
            Some(Fact::FullBacklog(None)) => format!("waiting: the backlog of {name} is full"),
            _ => format!("waiting: all instances of {name} are in use"),
        }
    }

    /// Returns the reason alone.
    pub(crate) fn reason(&self) -> String {
        match (&self.standing, SocketError::of(&self.error)) {
            (Some(standing), _) => standing.to_string(),
            (None, Some(socket)) => reason(socket.system_error()),
            (None, None) => reason(&self.error),
        }
    }

    /// Returns the fact that explains the error, if one is known.
    pub(super) fn fact(&self) -> Option<&Fact> {
        self.standing.as_ref().map(|standing| &standing.fact)
    }

    /// Returns whether connecting has failed only because nobody listens on the name, which a server
    /// can still do.
    pub(crate) fn lacks_a_listener(&self) -> bool {
        let is_absent =
            matches!(self.error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
        is_absent
            && matches!(
                self.fact(),
                None | Some(Fact::Stale | Fact::TapLeftBehind(_) | Fact::NotListening)
            )
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
        write!(f, "owner {}, mode {:04o}", self.owner, self.mode)?;
        self.missing_group.as_ref().map_or(Ok(()), |group| write!(f, ", {group}"))
    }
}

impl Display for MissingGroup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "needs group {}", escaped(&self.name))
    }
}
