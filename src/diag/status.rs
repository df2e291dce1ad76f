use super::Failure;

/// How a run ended that did not fail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was delivered.
    Done,
    /// The command that served the only client ended with this status.
    Command(i32),
    /// Nobody listens on a name that `lsock name` was asked about, or a server did not accept.
    Absent,
    /// No server accepted in the time of `--probe`.
    ProbeTimedOut,
}

impl Outcome {
    /// Returns the outcome with the higher exit status.
    pub(crate) fn worse(self, other: Self) -> Self {
        if other.status() > self.status() { other } else { self }
    }

    /// Returns the exit status. On Windows it has 32 bits.
    pub(crate) fn status(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Command(status) => status,
            Self::Absent => ABSENT,
            Self::ProbeTimedOut => TIMED_OUT,
        }
    }
}

/// The exit status of wrong usage.
pub(crate) const USAGE: i32 = 2;

/// The exit status if nobody listens on a name, or it could not be listened on or connected to.
pub(crate) const ABSENT: i32 = 3;

/// The exit status after a time limit.
pub(crate) const TIMED_OUT: i32 = 4;

impl Failure {
    /// Returns the exit status.
    pub(crate) fn status(&self) -> i32 {
        match self {
            Self::Usage(_) | Self::Unsupported { .. } | Self::Program { .. } => USAGE,
            Self::Bind(_) | Self::Connect { .. } | Self::ForeignServer { .. } => ABSENT,
            Self::ConnectTimedOut { .. }
            | Self::Idle(_)
            | Self::MaxTime(_)
            | Self::Unanswered(_) => TIMED_OUT,
            Self::Undelivered { .. } => 5,
            Self::Advised { status, .. } => *status,
            Self::Run { failure, .. } => failure.status(),
            Self::Unserved { .. }
            | Self::Command { .. }
            | Self::Differs(_)
            | Self::Slower(_)
            | Self::Saved { .. }
            | Self::Output { .. }
            | Self::Internal(_)
            | Self::Io { .. } => 1,
        }
    }
}
