use local_socket::{
    Name,
    error::{SocketError, reason},
};
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
    path::PathBuf,
    time::Duration,
};

/// What can go wrong, as far as messages, hints or exit statuses differ.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The options do not go together with each other or with the name.
    Usage(String),
    /// An option that this system or this use does not have.
    Unsupported { option: &'static str, why: &'static str },
    /// The name could not be listened on.
    Bind(io::Error),
    /// The name could not be connected to. If it is a bare word for which there is a
    /// socket file in this folder, that file's name is here.
    Connect { error: io::Error, file: Option<Name<'static>> },
    /// Nobody could be connected to in time; the option is the one that set the time.
    ConnectTimedOut { error: io::Error, after: Duration, option: &'static str },
    /// Nothing moved for that long.
    Idle(Duration),
    /// Bytes that were read, or that were there to be read, could not be delivered.
    Undelivered { receiver: Receiver, error: io::Error, bytes: Option<u64>, delivered: u64 },
    /// The command could not be started.
    Command { command: String, error: io::Error },
    /// Something for which a command has an advice of its own.
    Advised { message: String, hint: Option<String>, status: u8 },
    /// A file that was to be written, named as it was typed.
    Output { path: PathBuf, error: io::Error },
    /// A panic, with its text.
    Internal(String),
    /// A descriptor or file of ours could not be used.
    Io { what: &'static str, error: io::Error },
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

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => f.write_str(text),
            Self::Unsupported { option, why } => write!(f, "{option} is not available: {why}"),
            Self::Bind(error) | Self::Connect { error, .. } => write!(f, "{error}"),
            Self::ConnectTimedOut { error, after, option } => {
                let after = humantime::format_duration(*after);
                match SocketError::of(error) {
                    Some(socket) if socket.system_error().kind() == io::ErrorKind::TimedOut => {
                        write!(f, "cannot connect to {}: no answer within {after}", socket.name())
                    }
                    _ => write!(f, "{error} (gave up after {after}, {option})"),
                }
            }
            Self::Idle(limit) => {
                write!(f, "nothing moved for {}", humantime::format_duration(*limit))
            }
            Self::Undelivered { receiver, error, bytes, delivered } => {
                let what = match bytes {
                    Some(1) => "1 byte".to_owned(),
                    Some(bytes) => format!("{bytes} bytes"),
                    None => "not everything".to_owned(),
                };
                let not = if bytes.is_some() { "not " } else { "" };
                let (reason, verb) = (reason(error), receiver.verb());
                write!(
                    f,
                    "{what} could {not}be delivered to {receiver}: {reason} ({delivered} bytes \
                     {verb})"
                )
            }
            Self::Command { command, error } => {
                write!(f, "cannot run `{command}`: {}", reason(error))
            }
            Self::Advised { message, .. } => f.write_str(message),
            Self::Output { path, error } => {
                write!(f, "cannot write to {}: {}", path.display(), reason(error))
            }
            Self::Internal(message) => write!(f, "internal error: {message}; please report it"),
            Self::Io { what, error } => write!(f, "{what}: {}", reason(error)),
        }
    }
}

impl Error for Failure {}

/// The message of an error: what was tried, then why not, in one line.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let parts: Vec<String> = error
        .chain()
        .map(|cause| cause.downcast_ref::<io::Error>().map_or_else(|| cause.to_string(), reason))
        .collect();
    // What has a source often repeats it.
    let mut message = String::new();
    for part in parts {
        if !message.contains(&part) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&part);
        }
    }
    message
}
