use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// Why a run is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BenchError {
    /// Other bytes came than were sent.
    WrongBytes { offset: u64 },
    /// Fewer or more bytes, or connections, arrived than were sent.
    Miscounted { sent: u64, arrived: u64, what: &'static str },
    /// The server ended the connection before the run was over.
    ServerClosed,
    /// A server that was to discard has sent something.
    Answered,
    /// Nothing was sent or answered for so long.
    Stalled { after: Duration, external: bool },
    /// Not one message was done in the time.
    Nothing,
    /// Clients of other programs sent nothing.
    NothingCame,
    /// So many messages a second cannot be sent.
    RateMissed { asked: u64, reached: u64 },
    /// The same of one client.
    TooSlow { reached: u64 },
    /// The server's process could not do its work.
    Server(String),
    /// The server's process does not answer.
    NoAnswer,
    /// The server's process has ended, or was ended.
    ServerDied,
    /// A thread ended without a word.
    WorkerDied,
}

impl BenchError {
    /// What the user can do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Stalled { external: true, .. } => Some(
                "does the server do what --expect says, and end a connection whose client has \
                 nothing more to send?"
                    .to_owned(),
            ),
            Self::RateMissed { reached, .. } => {
                // Some room, and a number that reads well.
                let rate = reached - reached / 5;
                let digit = 10_u64.pow(rate.checked_ilog10().unwrap_or(0).saturating_sub(1));
                Some(format!("--rate {} may be possible", (rate / digit * digit).max(1)))
            }
            Self::Nothing => Some("a longer --duration gives messages more time".to_owned()),
            _ => None,
        }
    }
}

impl Display for BenchError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongBytes { offset } => {
                write!(
                    f,
                    "other bytes came back or arrived than were sent, at or after byte {offset}"
                )
            }
            Self::Miscounted { sent, arrived, what } => {
                write!(f, "{sent} {what} were sent, {arrived} arrived")
            }
            Self::ServerClosed => {
                f.write_str("the server ended the connection before the run was over")
            }
            Self::Answered => f.write_str("the server sends something, and should only read"),
            Self::TooSlow { reached } => {
                write!(f, "a client could send only {reached} messages a second")
            }
            Self::Stalled { after, .. } => {
                write!(f, "nothing moved for {}", humantime::format_duration(*after))
            }
            Self::Nothing => f.write_str("not one message was done in the time of a run"),
            Self::NothingCame => f.write_str("clients have sent nothing"),
            Self::RateMissed { asked, reached } => write!(
                f,
                "{asked} messages a second are more than is possible: {reached} were sent"
            ),
            Self::Server(text) => write!(f, "the server: {text}"),
            Self::ServerDied => f.write_str("the server's process has ended"),
            Self::NoAnswer => f.write_str("the server's process does not answer"),
            Self::WorkerDied => f.write_str("a part of the measurement ended without a result"),
        }
    }
}

impl Error for BenchError {}
