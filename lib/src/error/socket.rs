use crate::{Directions, Name, name::write_escaped};
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
    path::PathBuf,
};

/// Error of listening or connecting, in an [`io::Error`] of the same kind as the system's error.
///
/// [`SocketError::of`] finds it in an [`io::Error`]. Its [source](Error::source) is the system's
/// error. Its text is the action, the name and the reason:
/// `cannot connect to ./app.sock: connection refused`.
///
/// ```
/// use local_socket::{error::SocketError, prelude::*, GenericNamespaced};
/// # fn main() -> std::io::Result<()> {
/// let name = format!("missing-{}", std::process::id());
/// let name = name.to_ns_name::<GenericNamespaced>()?;
/// let error = LocalSocketStream::connect(name.borrow()).unwrap_err();
/// let socket_error = SocketError::of(&error).expect("connecting failed");
/// assert_eq!(*socket_error.name(), name);
/// assert_eq!(socket_error.system_error().kind(), error.kind());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct SocketError {
    action: Action,
    name: Name<'static>,
    obstacle: Option<Obstacle>,
    directions: Directions,
    source: io::Error,
}

/// The action that failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Listening on the name.
    Bind,
    /// Connecting to the name.
    Connect,
}

/// The reason why a name that is in use was not replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// A server listens on the name. If the system can find out, which one.
    LiveServer(Option<Holder>),
    /// A socket file that this process has no permission to connect to: whether a server listens on
    /// it is not known. On Linux every user can find the servers of the network namespace, so a
    /// server there is a [`LiveServer`](Self::LiveServer).
    Unprobed {
        /// User identifier of the owner of the file.
        owner: u32,
    },
    /// The file is not a socket, but for example `a regular file` or `a folder`.
    NotASocket(&'static str),
    /// Other processes were replacing names until the time was over
    /// ([`max_spin_time`](crate::ListenerOptions::max_spin_time)). If one of them held the lock of
    /// the folder, it is given here. The kind of the error is `ResourceBusy`; for all other obstacles
    /// it is `AddrInUse`.
    Contended(Option<HeldLock>),
    /// Another file was put in the place of the socket file while it was being created.
    Displaced,
    /// A file that is not a stale socket was renamed to this path, and could not be renamed back,
    /// because the name was taken again.
    LeftAside(PathBuf),
}

/// The lock of a folder (`flock(2)`), which a process holds while it replaces a name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldLock {
    /// The folder.
    pub folder: PathBuf,
    /// The process that holds the lock, if the system can return it.
    pub holder: Option<Holder>,
}

/// The process that listens on a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// The process itself.
    Process {
        /// Process identifier.
        pid: u32,
        /// Name of the command, if the system can return it.
        command: Option<String>,
    },
    /// The user identifier of the process that created the socket, or else of the owner of the
    /// socket file, if the process is not known: Linux shows it only to the same user and to root
    /// (`proc(5)`), other systems do not show it.
    User(u32),
}

impl SocketError {
    pub(crate) fn with_obstacle(
        action: Action,
        name: &Name<'_>,
        obstacle: Option<Obstacle>,
        source: io::Error,
    ) -> io::Error {
        let (name, directions) = (name.clone().into_owned(), Directions::Both);
        io::Error::new(source.kind(), Self { action, name, obstacle, directions, source })
    }

    pub(crate) fn of_connecting(
        name: &Name<'_>,
        directions: Directions,
        source: io::Error,
    ) -> io::Error {
        let (name, action) = (name.clone().into_owned(), Action::Connect);
        io::Error::new(source.kind(), Self { action, name, obstacle: None, directions, source })
    }

    /// Returns the `SocketError` that an I/O error contains, if any.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns the action that failed.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Returns the name of the listener or server.
    #[must_use]
    pub const fn name(&self) -> &Name<'static> {
        &self.name
    }

    /// Returns the directions in which the connection was to be used
    /// ([`ConnectOptions::directions`](crate::ConnectOptions::directions)).
    #[must_use]
    pub const fn directions(&self) -> Directions {
        self.directions
    }

    /// Returns why a name that is in use was not replaced, or `None` for other errors. For
    /// [`OnConflict::Fail`](crate::OnConflict::Fail) on Unix it is `None` or
    /// [`Displaced`](Obstacle::Displaced).
    #[must_use]
    pub const fn obstacle(&self) -> Option<&Obstacle> {
        self.obstacle.as_ref()
    }

    /// Returns the code of the system's error (`errno(3)`, or that of `GetLastError`), as
    /// [`io::Error::raw_os_error`] does for errors that contain nothing else. `None` if no system
    /// call failed, as for a timeout.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use local_socket::{error::SocketError, prelude::*, GenericFilePath};
    /// let name = "/nowhere/app.sock".to_fs_name::<GenericFilePath>().unwrap();
    /// let error = LocalSocketStream::connect(name).unwrap_err();
    /// // An `io::Error` with a text of its own has no code.
    /// assert_eq!(error.raw_os_error(), None);
    /// assert_eq!(SocketError::of(&error).unwrap().raw_os_error(), Some(libc::ENOENT));
    /// # }
    /// ```
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        raw_os_error(&self.source)
    }

    /// Returns the system's error.
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
            Some(Obstacle::Unprobed { owner }) => write!(
                f,
                "a socket file of uid {owner} is there, and without permission to connect it is \
                 not known whether a server listens on it"
            ),
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
            Some(Obstacle::Displaced) => {
                f.write_str("another process replaced the socket file before it was listened on")
            }
            Some(Obstacle::LeftAside(path)) => {
                f.write_str("another program's file at this path was renamed to ")?;
                write_escaped(f, &path.to_string_lossy())?;
                f.write_str(" and could not be renamed back")
            }
        }
    }
}

impl Error for SocketError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Prints `pid 123 (command)` or `uid 1000`.
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

/// Returns the code of the system's error that an I/O error is, or that it contains at any depth.
/// `None` if no system call failed.
///
/// All errors of this crate that are caused by a system call have a code, also those that say what
/// was tried.
#[must_use]
pub fn raw_os_error(error: &io::Error) -> Option<i32> {
    let inner = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
    error.raw_os_error().or_else(|| {
        std::iter::successors(inner, |error| (*error).source())
            .find_map(|error| raw_os_error(error.downcast_ref()?))
    })
}

/// Returns the text of an error for use in a message: the first letter in lower case, without
/// the error number and a full stop at the end.
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
