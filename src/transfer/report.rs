//! Parts of a report that both drivers share.

use super::delivery::closed;
use crate::diag::{Failure, LossDirection};
use std::{
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    time::Duration,
};

/// The reason why a transfer was ended before both directions had ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum EarlyEnd {
    /// No byte was delivered for this long.
    Idle(Duration),
    /// The remaining direction had no input for the time of `--linger`.
    Linger,
    /// The grace time of the server is over.
    Closing,
}

impl EarlyEnd {
    /// Returns the failure of a transfer that lost nothing, if ending early is one.
    pub(crate) fn failure(self) -> Option<Failure> {
        match self {
            Self::Idle(limit) => Some(Failure::Idle(limit)),
            Self::Linger | Self::Closing => None,
        }
    }
}

/// The end of a line that describes the transfer.
impl Display for EarlyEnd {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle(_) => ", ended by --idle-timeout",
            Self::Linger => ", ended by --linger",
            Self::Closing => ", closed at the end of the grace time",
        })
    }
}

/// Returns the failure of a direction whose bytes were not all delivered. `lost` is their number;
/// `None` or 0 if it is not known.
pub(crate) fn undelivered(
    direction: LossDirection,
    error: io::Error,
    lost: Option<u64>,
    delivered: u64,
) -> Failure {
    let bytes = lost.filter(|lost| *lost > 0);
    Failure::Undelivered { direction, error, bytes, delivered }
}

/// Returns the reason for a failed write to a socket: systems report in several ways that the peer
/// has closed.
pub(crate) fn write_error(error: io::Error) -> io::Error {
    if is_gone(&error) { closed() } else { error }
}

/// Returns whether a write failed because the peer has closed.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}
