use crate::diag::Failure;
use local_socket::error::reason;
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
    time::Duration,
};

pub(crate) type RunResult<T> = Result<T, BenchError>;

/// Reasons why a run is not complete.
#[derive(Debug)]
pub(crate) enum BenchError {
    /// The case and run that failed.
    Run { case: String, error: Box<BenchError> },
    /// Listening or connecting failed, or options do not fit the system.
    Failure(Failure),
    /// A system call failed; `what` was tried.
    Io { what: &'static str, error: io::Error },
    /// A system call failed that needs no explanation.
    System(io::Error),
    /// Other bytes were received than were sent.
    WrongBytes { offset: u64 },
    /// Another number of bytes or connections arrived than was sent.
    Miscounted { sent: u64, arrived: u64, what: &'static str },
    /// The server closed the connection before the end of the run.
    ServerClosed,
    /// A server that should discard has sent something.
    Answered,
    /// No progress for this time.
    Stalled { after: Duration, external: bool },
    /// No message was completed within the run.
    Nothing,
    /// External clients sent nothing.
    NothingCame,
    /// The requested rate is not possible.
    RateMissed { asked: u64, reached: u64 },
    /// One client could not keep its part of the rate.
    TooSlow { reached: u64 },
    /// Error of the server process.
    Server(String),
    /// The server process did not answer in time.
    NoAnswer,
    /// The server process has ended.
    ServerDied,
    /// A worker ended without a result.
    WorkerDied,
}

impl BenchError {
    /// Returns a conversion of errors; `what` says what was tried.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { what, error }
    }

    /// Returns a hint for the user.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Stalled { external: true, .. } => Some(
                "check that the server does what --expect says, and closes a connection after the \
                 client has half-closed it"
                    .to_owned(),
            ),
            Self::RateMissed { reached, .. } => {
                // 80 %, rounded down to two digits.
                let rate = reached - reached / 5;
                let digit = 10_u64.pow(rate.checked_ilog10().unwrap_or(0).saturating_sub(1));
                Some(format!("--rate {} may be possible", (rate / digit * digit).max(1)))
            }
            Self::Nothing => Some("use a longer --duration".to_owned()),
            _ => None,
        }
    }
}

impl Display for BenchError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { case, error } => write!(f, "{case}: {error}"),
            Self::Failure(failure) => write!(f, "{failure}"),
            Self::Io { what, error } => write!(f, "{what}: {}", reason(error)),
            Self::System(error) => f.write_str(&reason(error)),
            Self::WrongBytes { offset } => {
                write!(f, "the received bytes differ from the sent ones at or after byte {offset}")
            }
            Self::Miscounted { sent, arrived, what } => {
                write!(f, "{sent} {what} were sent, {arrived} arrived")
            }
            Self::ServerClosed => {
                f.write_str("the server closed the connection before the end of the run")
            }
            Self::Answered => {
                f.write_str("the server sent something, although it should only read")
            }
            Self::TooSlow { reached } => {
                write!(f, "a client could send only {reached} messages per second")
            }
            Self::Stalled { after, .. } => {
                write!(f, "no progress for {}", humantime::format_duration(*after))
            }
            Self::Nothing => f.write_str("no message was completed within the run"),
            Self::NothingCame => f.write_str("the clients sent nothing"),
            Self::RateMissed { asked, reached } => {
                write!(f, "{asked} messages per second are not possible: {reached} were sent")
            }
            Self::Server(text) => write!(f, "the server failed: {text}"),
            Self::ServerDied => f.write_str("the server process has ended"),
            Self::NoAnswer => f.write_str("the server process does not answer"),
            Self::WorkerDied => f.write_str("a worker ended without a result"),
        }
    }
}

impl Error for BenchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Run { error, .. } => Some(error),
            Self::Failure(failure) => failure.source(),
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Failure(failure) => failure,
            BenchError::Run { case, error } => {
                Self::Run { case, failure: Box::new((*error).into()) }
            }
            error => Self::Advised { message: error.to_string(), hint: error.hint(), status: 1 },
        }
    }
}

impl From<Failure> for BenchError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for BenchError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
