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

impl Failure {
    /// Returns the exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Unsupported { .. } | Self::Program { .. } => USAGE,
            Self::Bind(_) | Self::Connect { .. } | Self::ForeignServer { .. } => 3,
            Self::ConnectTimedOut { .. } | Self::Idle(_) => 4,
            Self::Undelivered { .. } => 5,
            Self::Advised { status, .. } => *status,
            Self::Run { failure, .. } => failure.status(),
            Self::Unserved { .. }
            | Self::Command { .. }
            | Self::Slower(_)
            | Self::Saved { .. }
            | Self::Output { .. }
            | Self::Internal(_)
            | Self::Io { .. } => 1,
        }
    }
}
