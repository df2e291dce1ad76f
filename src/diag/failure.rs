use super::{SocketFailure, style::counted};
use local_socket::{
    Name,
    error::{SocketError, reason},
};
use std::{
    fmt::{self, Display, Formatter},
    io,
    path::PathBuf,
    time::Duration,
};

/// An error of the program. Its text is one line: what was tried, the name as typed, the reason.
/// Hint and exit status are two further functions of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Options that cannot be combined with each other or with the name.
    #[error("{0}")]
    Usage(String),
    /// An option that this system or this use does not have.
    #[error("{option} is not available: {why}")]
    Unsupported { option: &'static str, why: &'static str },
    /// The name could not be listened on.
    #[error("{0}")]
    Bind(#[source] SocketFailure),
    /// The name could not be connected to. `file` is the name of a socket file in this folder, if
    /// the name is a bare word for which there is one.
    #[error("{error}")]
    Connect {
        #[source]
        error: SocketFailure,
        file: Option<Name<'static>>,
    },
    /// No server could be connected to in time; `option` has set the time.
    #[error("{}", connect_timed_out(error, *after, option))]
    ConnectTimedOut {
        #[source]
        error: SocketFailure,
        after: Duration,
        option: &'static str,
    },
    /// The server that the name was connected to is not the expected one. Nothing was sent to it.
    #[error("cannot connect to {name}: {reason}")]
    ForeignServer { name: String, reason: String },
    /// No byte moved for this time.
    #[error("nothing moved for {}", humantime::format_duration(*.0))]
    Idle(Duration),
    /// The transfer of a connection has taken this time.
    #[error("the transfer was not over after {} (--max-time)", humantime::format_duration(*.0))]
    MaxTime(Duration),
    /// Bytes that were read, or that were there to be read, could not be delivered.
    #[error("{}", undelivered(*receiver, error, *bytes, *delivered))]
    Undelivered {
        receiver: Receiver,
        #[source]
        error: io::Error,
        bytes: Option<u64>,
        delivered: u64,
    },
    /// The server closed the connection before anything was sent or received. `user` is the user of
    /// the server, if it differs from that of this process.
    #[error(
        "cannot exchange data with {name}: the server closed the connection before anything was sent \
         or received"
    )]
    Unserved { name: String, user: Option<String> },
    /// The program of the command cannot be found or executed. Nothing was opened.
    #[error("cannot run `{command}`: {}", reason(error))]
    Program {
        command: String,
        #[source]
        error: io::Error,
        /// Whether the name of the program looks like a whole command line.
        is_one_word: bool,
    },
    /// The command could not be started for a connection.
    #[error("cannot run `{command}`: {}", reason(error))]
    Command {
        command: String,
        #[source]
        error: io::Error,
    },
    /// An error with its own hint and exit status.
    #[error("{message}")]
    Advised { message: String, hint: Option<String>, status: i32 },
    /// A replayed connection differs from the recording.
    #[error("{0}")]
    Differs(String),
    /// An answer to a replayed connection has not arrived in time.
    #[error("{0}")]
    Unanswered(String),
    /// A run of a benchmark has failed.
    #[error("{case}: {failure}")]
    Run {
        case: String,
        #[source]
        failure: Box<Failure>,
    },
    /// A case is slower than `--fail-over` allows.
    #[error("{0}")]
    Slower(String),
    /// Saved results, named as typed, that cannot be compared with.
    #[error("cannot compare with {}: {error:#}", path.display())]
    Saved { path: PathBuf, error: anyhow::Error },
    /// A file, named as typed, that could not be written.
    #[error("cannot write to {}: {}", path.display(), reason(error))]
    Output {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    /// A panic, with its text.
    #[error("internal error: {0}; please report it")]
    Internal(String),
    /// A descriptor or file of ours could not be used.
    #[error("{what}: {}", reason(error))]
    Io {
        what: &'static str,
        #[source]
        error: io::Error,
    },
}

/// The receiver of bytes that could not be delivered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    Peer,
    Output,
    Target,
    Client,
    Command,
}

impl Receiver {
    /// Returns the verb for the bytes that were delivered.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Peer => "sent",
            Self::Output => "received",
            Self::Target | Self::Client | Self::Command => "delivered",
        }
    }
}

impl Display for Receiver {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "the peer",
            Self::Output => "the output",
            Self::Target => "the target",
            Self::Client => "the client",
            Self::Command => "the command",
        })
    }
}

fn connect_timed_out(error: &SocketFailure, after: Duration, option: &str) -> String {
    let after = humantime::format_duration(after);
    match SocketError::of(&error.error) {
        Some(socket) if socket.system_error().kind() == io::ErrorKind::TimedOut => {
            let why = error.standing.as_ref().map(|standing| format!(": {standing}"));
            let why = why.unwrap_or_default();
            format!("cannot connect to {}: no answer within {after}{why}", socket.name())
        }
        _ => format!("{error} (gave up after {after}, {option})"),
    }
}

fn undelivered(
    receiver: Receiver,
    error: &io::Error,
    bytes: Option<u64>,
    delivered: u64,
) -> String {
    let what = bytes.map_or("not everything could".to_owned(), |bytes| {
        format!("{} could not", counted(bytes, "byte"))
    });
    let (reason, delivered, verb) = (reason(error), counted(delivered, "byte"), receiver.verb());
    format!("{what} be delivered to {receiver}: {reason} ({delivered} {verb})")
}
