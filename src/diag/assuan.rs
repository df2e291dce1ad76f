//! Errors of connecting through a socket file of GnuPG, in words.

use super::SocketFailure;
use local_socket::error::{SocketError, reason};
use std::{
    io::{self, ErrorKind},
    path::PathBuf,
};

/// The error of connecting to the server of a socket file. It is contained in an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {endpoint}{}: {problem}", leading_to(redirection.as_ref()))]
pub(crate) struct AssuanError {
    /// The endpoint as typed.
    pub(crate) endpoint: String,
    /// Where the file redirects to.
    pub(crate) redirection: Option<PathBuf>,
    pub(crate) problem: AssuanProblem,
}

/// Why the server of a socket file cannot be connected to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssuanProblem {
    #[error("{}", reason(.0))]
    Unreadable(#[source] io::Error),
    #[error("it is a folder, not a socket file")]
    Folder,
    /// The server creates the file before it writes it.
    #[error("the file is empty")]
    Empty,
    #[error("it is not a socket file of GnuPG: its first line is not a port number")]
    NoPort,
    #[error("the port {0} in the file is out of range")]
    PortOutOfRange(String),
    #[error("the nonce in the file is cut short: it has {0} of 16 bytes")]
    ShortNonce(usize),
    #[error("the file continues after the 16 bytes of its nonce")]
    LongNonce,
    #[error("it is a socket file of Cygwin, which lsock cannot connect to")]
    Cygwin,
    #[error("the redirection in the file lacks a line `socket=PATH`")]
    NoRedirection,
    #[error("the redirection in the file has more than {0} bytes")]
    LongRedirection(usize),
    #[error("the redirection in the file has `${{` without `}}`")]
    OpenVariable,
    #[error("the redirection in the file contains the variable {0}, which is not set")]
    UnsetVariable(String),
    #[error("it is a redirection as well, and only one is followed")]
    SecondRedirection,
    /// The path cannot be the name of a local socket.
    #[error("{}", reason(.0))]
    NotAName(#[source] io::Error),
    /// The file is that of a server that has ended.
    #[error("connection refused: the file is stale, nobody listens on its port {0}")]
    Stale(u16),
    /// It has the nonce of another server.
    #[error("the server on port {0} closed the connection before it sent anything")]
    Refused(u16),
    #[error("{}", reason(.0))]
    Tcp(#[source] io::Error),
    /// The local socket that is at the path instead of a file.
    #[error("{}", of_socket(.0))]
    LocalSocket(#[source] SocketFailure),
}

impl AssuanError {
    /// Returns the error that an [`io::Error`] contains.
    pub(super) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns what the user can do about the error, if anything.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match (&self.problem, &self.redirection) {
            // The path in the file is right, and the server is not running.
            (AssuanProblem::Unreadable(error), Some(_)) if error.kind() == ErrorKind::NotFound => {
                Some(ENDED)
            }
            (problem, _) => problem.hint(),
        }
    }
}

impl From<AssuanError> for io::Error {
    fn from(error: AssuanError) -> Self {
        Self::new(error.problem.kind(), error)
    }
}

impl AssuanProblem {
    /// Returns the kind of the error. `NotFound` and `ConnectionRefused` are problems that a server
    /// solves when it starts.
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreadable(error) | Self::Tcp(error) => error.kind(),
            Self::LocalSocket(failure) => failure.error.kind(),
            Self::Empty => ErrorKind::NotFound,
            Self::Stale(_) => ErrorKind::ConnectionRefused,
            Self::Refused(_) => ErrorKind::ConnectionAborted,
            Self::Folder
            | Self::NoPort
            | Self::PortOutOfRange(_)
            | Self::ShortNonce(_)
            | Self::LongNonce
            | Self::Cygwin
            | Self::NoRedirection
            | Self::LongRedirection(_)
            | Self::OpenVariable
            | Self::UnsetVariable(_)
            | Self::SecondRedirection
            | Self::NotAName(_) => ErrorKind::InvalidData,
        }
    }

    /// Returns what the user can do about the problem, if anything.
    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable(error) if error.kind() == ErrorKind::NotFound => Some(MISSING),
            Self::Empty | Self::Stale(_) => Some(ENDED),
            Self::LocalSocket(failure) if failure.lacks_a_listener() => Some(ENDED),
            Self::Folder | Self::NoPort => Some(PATH),
            Self::Refused(_) => Some(
                "it refuses a wrong nonce: the file may be left over from a server that has ended, \
                 and another program may use its port now",
            ),
            Self::Cygwin => Some(
                "for SSH clients, gpg-agent with enable-win32-openssh-support serves \
                 //./pipe/openssh-ssh-agent",
            ),
            Self::Unreadable(_)
            | Self::LocalSocket(_)
            | Self::Tcp(_)
            | Self::PortOutOfRange(_)
            | Self::ShortNonce(_)
            | Self::LongNonce
            | Self::NoRedirection
            | Self::LongRedirection(_)
            | Self::OpenVariable
            | Self::UnsetVariable(_)
            | Self::SecondRedirection
            | Self::NotAName(_) => None,
        }
    }
}

const PATH: &str = "`gpgconf --list-dirs agent-socket` prints the path of the file of gpg-agent";

const MISSING: &str = "`gpgconf --launch gpg-agent` starts gpg-agent, `gpgconf --list-dirs \
                       agent-socket` prints the path of its file, and --wait waits for it";

const ENDED: &str = "its server has ended: `gpgconf --launch gpg-agent` starts gpg-agent, and --wait \
                     waits for a server";

fn leading_to(redirection: Option<&PathBuf>) -> String {
    redirection.map_or_else(String::new, |path| format!(", which redirects to {}", path.display()))
}

/// Returns why the local socket could not be connected to, without its name.
fn of_socket(failure: &SocketFailure) -> String {
    let system_error =
        || SocketError::of(&failure.error).map_or(&failure.error, SocketError::system_error);
    failure.standing.as_ref().map_or_else(|| reason(system_error()), ToString::to_string)
}
