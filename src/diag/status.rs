use super::Failure;

/// How a run ended that did not fail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was delivered.
    Done,
    /// The command that served the only client ended with this status.
    Command(i32),
}

impl Outcome {
    /// Returns the exit status. On Windows it has 32 bits.
    pub(crate) fn status(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Command(status) => status,
        }
    }
}

/// The exit status of wrong usage.
pub(crate) const USAGE: i32 = 2;

impl Failure {
    /// Returns the exit status.
    pub(crate) fn status(&self) -> i32 {
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
