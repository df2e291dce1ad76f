use super::Failure;
use std::process::ExitCode;

/// How a run ended that did not fail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was delivered.
    Done,
    /// The command that served the only client ended with this status.
    Command(u8),
}

impl Outcome {
    /// The exit status.
    pub(crate) fn exit(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Command(status) => ExitCode::from(status),
        }
    }
}

/// The exit status of wrong usage.
pub(crate) const USAGE: u8 = 2;

/// The exit status that stands for an error.
pub(crate) fn status(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Failure>() {
        Some(Failure::Usage(_) | Failure::Unsupported { .. }) => USAGE,
        Some(Failure::Bind(_) | Failure::Connect { .. }) => 3,
        Some(Failure::ConnectTimedOut { .. } | Failure::Idle(_)) => 4,
        Some(Failure::Undelivered { .. }) => 5,
        Some(Failure::Advised { status, .. }) => *status,
        Some(
            Failure::Command { .. }
            | Failure::Output { .. }
            | Failure::Internal(_)
            | Failure::Io { .. },
        )
        | None => 1,
    }
}
