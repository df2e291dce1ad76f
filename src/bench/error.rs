use crate::diag::Failure;
use humantime::format_duration;
use local_socket::error::reason;
use std::{io, time::Duration};
use thiserror::Error;

pub(crate) type RunResult<T> = Result<T, BenchError>;

/// Reasons why a run is not complete.
#[derive(Debug, Error)]
pub(crate) enum BenchError {
    /// The case and run that failed.
    #[error("{case}: {source}")]
    Run { case: String, source: Box<BenchError> },
    /// Listening or connecting failed, or options do not fit the system.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// A system call failed; `what` was tried.
    #[error("{what}: {}", reason(source))]
    Io { what: &'static str, source: io::Error },
    /// A system call failed that needs no explanation.
    #[error("{}", reason(.0))]
    System(#[from] io::Error),
    #[error("the received bytes differ from the sent ones at or after byte {offset}")]
    WrongBytes { offset: u64 },
    #[error("{sent} {what} were sent, {arrived} arrived")]
    Miscounted { sent: u64, arrived: u64, what: &'static str },
    #[error("the server closed the connection before the end of the run")]
    ServerClosed,
    #[error("the server sent something, although it should only read")]
    Answered,
    #[error("no progress for {}", format_duration(*after))]
    Stalled { after: Duration, external: bool },
    #[error("the server had not processed all data {} after the end of the run", format_duration(*after))]
    Unfinished { after: Duration, external: bool },
    #[error("cannot connect to {server}: it accepted no connection for {}", format_duration(*after))]
    Busy { server: String, after: Duration },
    #[error("no message was completed within the run")]
    Nothing,
    #[error("the clients sent nothing")]
    NothingCame,
    #[error("{asked} messages per second are not possible: {reached} were sent")]
    RateMissed { asked: u64, reached: u64 },
    #[error("the server failed: {0}")]
    Server(String),
    #[error("the server process does not answer")]
    NoAnswer,
    #[error("the server process has ended")]
    ServerDied,
    #[error("a worker ended without a result")]
    WorkerDied,
}

impl BenchError {
    /// Returns a conversion of errors; `what` says what was tried.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// Returns a hint for the user.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Stalled { external: true, .. } => Some(
                "check that the server does what --expect says, and closes a connection after the \
                 client has half-closed it"
                    .to_owned(),
            ),
            Self::Unfinished { external: true, .. } => Some(
                "the server is slow: --count or --bytes with --warmup 0s measures as long as it \
                 takes"
                    .to_owned(),
            ),
            Self::Busy { .. } => {
                Some("the backlog of the server is full; it may take fewer --clients".to_owned())
            }
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

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Failure(failure) => failure,
            BenchError::Run { case, source } => {
                Self::Run { case, failure: Box::new((*source).into()) }
            }
            error => {
                let status = if matches!(error, BenchError::Busy { .. }) { 4 } else { 1 };
                Self::Advised { message: error.to_string(), hint: error.hint(), status }
            }
        }
    }
}
