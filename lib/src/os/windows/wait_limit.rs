use std::{
    io,
    time::{Duration, Instant},
};
use windows_sys::Win32::System::Threading::INFINITE;

/// The time limit of an operation.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum WaitLimit {
    /// The operation does not wait: the stream or listener is non-blocking.
    NoWait,
    /// The operation waits until this time.
    Until(Instant),
    /// The operation waits without a limit.
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

    /// Returns the limit that ends after `time` from now. If the clock cannot represent that time,
    /// there is no limit.
    pub(super) fn at_most(time: Duration) -> Self {
        Instant::now().checked_add(time).map_or(Self::Unlimited, Self::Until)
    }

    /// Returns the limit, or one that ends after `time` from now if that is earlier.
    pub(super) fn or_after(self, time: Duration) -> Self {
        let rest = self.remaining().unwrap_or(Duration::MAX);
        if rest <= time { self } else { Self::at_most(time) }
    }

    /// Returns the remaining time, or `None` if there is no limit.
    pub(super) fn remaining(self) -> Option<Duration> {
        match self {
            Self::NoWait => Some(Duration::ZERO),
            Self::Until(end) => Some(end.saturating_duration_since(Instant::now())),
            Self::Unlimited => None,
        }
    }

    /// Returns the remaining time in milliseconds for a wait function. It is rounded up, so that a
    /// wait does not end too early. A wait for longer than 49 days has to be repeated.
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

    /// Returns the error of an operation whose time limit is over: `WouldBlock` in non-blocking
    /// mode, else `TimedOut`.
    pub(super) fn error(self) -> io::Error {
        match self {
            Self::NoWait => io::ErrorKind::WouldBlock.into(),
            Self::Until(_) | Self::Unlimited => io::ErrorKind::TimedOut.into(),
        }
    }
}
