use crate::{Name, name::write_escaped};
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
    path::PathBuf,
};

/// What was tried with a name and failed, inside an [`io::Error`] of the same kind
/// as the system's.
///
/// The system's error is the [source](Error::source); [`SocketError::of`] finds
/// this type in an [`io::Error`].
#[derive(Debug)]
pub struct SocketError {
    action: Action,
    name: Name<'static>,
    obstacle: Option<Obstacle>,
    source: io::Error,
}

/// What was tried with a name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Listening under it.
    Bind,
    /// Connecting to it.
    Connect,
}

/// What stands under a name that should have become ours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// A server that clients can connect to, and who that is where it can be told.
    LiveServer(Option<Holder>),
    /// Something that is not a socket: `a regular file`, `a folder`...
    NotASocket(&'static str),
    /// Other processes were taking over names all the time that
    /// [`max_spin_time`](crate::ListenerOptions::max_spin_time) allows; if one of them held
    /// the lock of the folder, it is that one.
    Contended(Option<HeldLock>),
    /// Something else was put in the place of the socket file while it was being made.
    Displaced,
    /// Something that is not ours had to be moved aside, and could not be put back because
    /// its place was taken again. It lies at this path.
    LeftAside(PathBuf),
}

/// The lock of a folder, which is held while a name in it is taken over (`flock(2)`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldLock {
    /// The folder.
    pub folder: PathBuf,
    /// Who holds it, where the system tells.
    pub holder: Option<Holder>,
}

/// Who is behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A process.
    Process {
        /// Its process identifier.
        pid: u32,
        /// The name of its command, where the system tells.
        command: Option<String>,
    },
    /// A process of this user: who made the socket, or else the owner of its file. Which
    /// process it is, Linux tells only to that user and to root (`proc(5)`), other systems do
    /// not tell at all.
    User(u32),
}

impl SocketError {
    pub(crate) fn wrap(action: Action, name: &Name<'_>, source: io::Error) -> io::Error {
        Self::with_obstacle(action, name, None, source)
    }

    pub(crate) fn with_obstacle(
        action: Action,
        name: &Name<'_>,
        obstacle: Option<Obstacle>,
        source: io::Error,
    ) -> io::Error {
        let name = name.clone().into_owned();
        io::Error::new(source.kind(), Self { action, name, obstacle, source })
    }

    /// The error of this type inside an I/O error, if there is one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// What was tried.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// The name that it was tried with.
    #[must_use]
    pub const fn name(&self) -> &Name<'static> {
        &self.name
    }

    /// What stood in the way.
    #[must_use]
    pub const fn obstacle(&self) -> Option<&Obstacle> {
        self.obstacle.as_ref()
    }

    /// The system's error.
    #[must_use]
    pub const fn system_error(&self) -> &io::Error {
        &self.source
    }
}

impl Display for SocketError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Bind => "bind",
            Action::Connect => "connect to",
        };
        write!(f, "cannot {action} {}: ", self.name)?;
        match &self.obstacle {
            None => f.write_str(&reason(&self.source)),
            Some(Obstacle::LiveServer(None)) => f.write_str("a live server holds the name"),
            Some(Obstacle::LiveServer(Some(holder))) => {
                write!(f, "a live server holds the name: {holder}")
            }
            Some(Obstacle::NotASocket(what)) => {
                write!(f, "{what} of that name is there, and it is not a socket")
            }
            Some(Obstacle::Contended(None)) => {
                f.write_str("other processes are taking over the name")
            }
            Some(Obstacle::Contended(Some(HeldLock { folder, holder }))) => {
                f.write_str("another process holds the lock of the folder ")?;
                write_escaped(f, &folder.to_string_lossy())?;
                holder.as_ref().map_or(Ok(()), |holder| write!(f, ": {holder}"))
            }
            Some(Obstacle::Displaced) => f.write_str(
                "something else was put in the place of the socket file while it was being made",
            ),
            Some(Obstacle::LeftAside(path)) => {
                f.write_str("what stood there was moved to ")?;
                write_escaped(f, &path.to_string_lossy())?;
                f.write_str(" and could not be put back")
            }
        }
    }
}

impl Error for SocketError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// `pid 123 (command)` or `uid 1000`
impl Display for Holder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { pid, command: None } => write!(f, "pid {pid}"),
            Self::Process { pid, command: Some(command) } => {
                write!(f, "pid {pid} (")?;
                write_escaped(f, command)?;
                f.write_str(")")
            }
            Self::User(uid) => write!(f, "uid {uid}"),
        }
    }
}

/// An error's reason as it stands in a message: the system's words, lower case and
/// without the number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text).trim_end_matches('.');
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}
