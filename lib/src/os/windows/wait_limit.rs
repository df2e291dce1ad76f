use std::{
    io,
    time::{Duration, Instant},
};
use windows_sys::Win32::System::Threading::INFINITE;

/// How long an operation may wait.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum WaitLimit {
    /// Not at all: the stream or listener is non-blocking.
    NoWait,
    /// Until then.
    Until(Instant),
    /// As long as it takes.
    Unlimited,
}

impl WaitLimit {
    pub(super) fn from_mode(nonblocking: bool, timeout: Option<Duration>) -> Self {
        match timeout {
            _ if nonblocking => Self::NoWait,
            None => Self::Unlimited,
            Some(timeout) => Self::at_most(timeout),
        }
    }

    /// From now on; a time beyond what the clock can count is for ever.
    pub(super) fn at_most(time: Duration) -> Self {
        Instant::now().checked_add(time).map_or(Self::Unlimited, Self::Until)
    }

    /// The rest of the time, `None` for ever.
    pub(super) fn remaining(self) -> Option<Duration> {
        match self {
            Self::NoWait => Some(Duration::ZERO),
            Self::Until(end) => Some(end.saturating_duration_since(Instant::now())),
            Self::Unlimited => None,
        }
    }

    /// The rest in the milliseconds of a wait function, rounded up so that a wait
    /// never ends too early; a very long one has to be repeated.
    pub(super) fn millis(self) -> u32 {
        match self.remaining() {
            None => INFINITE,
            Some(rest) => u32::try_from(rest.as_nanos().div_ceil(1_000_000))
                .map_or(INFINITE - 1, |ms| ms.min(INFINITE - 1)),
        }
    }

    pub(super) fn is_over(self) -> bool {
        self.remaining().is_some_and(|rest| rest.is_zero())
    }

    /// The error for when the time has run out.
    pub(super) fn error(self) -> io::Error {
        match self {
            Self::NoWait => io::ErrorKind::WouldBlock.into(),
            Self::Until(_) | Self::Unlimited => io::ErrorKind::TimedOut.into(),
        }
    }
}
