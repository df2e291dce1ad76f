//! The ends of directions and of whole transfers, and what follows from them.

use super::{Eof, peer_has_closed};
use crate::diag::Failure;
use std::{
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    time::Duration,
};

/// The reason why a direction ended.
#[derive(Debug)]
pub(crate) enum DirectionEnd {
    /// The direction is not used.
    Unused,
    /// End of file; everything was delivered.
    Eof,
    /// The receiver has closed, and no byte that was read is undelivered.
    ReceiverGone,
    /// The input could not be read.
    InputFailed(io::Error),
    /// The output could not be written.
    OutputFailed(io::Error),
    /// lsock has stopped the direction, or has given up waiting for its end.
    Stopped,
}

/// What to do when a direction has ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum AfterEnd {
    /// The other direction continues.
    Continue,
    /// The end of file is sent to the receiver, and the other direction continues.
    SendEof,
    /// Both directions end.
    StopBoth,
}

/// The reason why a transfer was ended before both directions had ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum EarlyEnd {
    /// No byte was delivered for this long.
    Idle(Duration),
    /// The transfer has taken this long, from the connection on.
    MaxTime(Duration),
    /// The remaining direction had no input for the time of `--linger`.
    Linger,
    /// The grace time of the server is over.
    Closing,
    /// The person at the terminal has left, and what was read could not be delivered.
    Left,
    /// A termination signal has arrived while there was no connection.
    Unconnected,
}

impl Eof {
    /// Returns what to do when a direction has ended like this.
    pub(super) fn after(self, end: &DirectionEnd) -> AfterEnd {
        match (end, self) {
            (DirectionEnd::Unused | DirectionEnd::Stopped, _) | (_, Self::Wait) => {
                AfterEnd::Continue
            }
            (_, Self::Close) => AfterEnd::StopBoth,
            (DirectionEnd::ReceiverGone, Self::Half) => AfterEnd::Continue,
            (DirectionEnd::OutputFailed(error), Self::Half) if peer_has_closed(error) => {
                AfterEnd::Continue
            }
            // A receiver that waits for the end of the input must not wait for ever.
            (
                DirectionEnd::Eof | DirectionEnd::InputFailed(_) | DirectionEnd::OutputFailed(_),
                Self::Half,
            ) => AfterEnd::SendEof,
        }
    }
}

impl EarlyEnd {
    /// Returns what has ended the transfer.
    pub(crate) fn cause(self) -> &'static str {
        match self {
            Self::Idle(_) => "--idle-timeout",
            Self::MaxTime(_) => "--max-time",
            Self::Linger => "--linger",
            Self::Closing => "the end of the grace time",
            Self::Left => "the key that leaves",
            Self::Unconnected => "a signal",
        }
    }

    /// Returns the reason for bytes that were not delivered before the early end.
    pub(crate) fn error(self) -> io::Error {
        let verb = match self {
            Self::Idle(_) | Self::MaxTime(_) | Self::Linger | Self::Left => "ended by",
            Self::Closing => "closed at",
            Self::Unconnected => {
                return io::Error::new(ErrorKind::NotConnected, "nothing was connected");
            }
        };
        let why = format!("the connection was {verb} {}", self.cause());
        io::Error::new(ErrorKind::TimedOut, why)
    }

    /// Returns the failure of a transfer that lost nothing, if ending early is one.
    pub(crate) fn failure(self) -> Option<Failure> {
        match self {
            Self::Idle(limit) => Some(Failure::Idle(limit)),
            Self::MaxTime(limit) => Some(Failure::MaxTime(limit)),
            Self::Linger | Self::Closing | Self::Left | Self::Unconnected => None,
        }
    }
}

/// The end of a line that describes the transfer.
impl Display for EarlyEnd {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verb = if *self == Self::Closing { "closed at" } else { "ended by" };
        write!(f, ", {verb} {}", self.cause())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every end, with what follows from it with `--eof half`.
    fn ends() -> [(DirectionEnd, AfterEnd); 7] {
        let failed = |kind: ErrorKind| DirectionEnd::OutputFailed(kind.into());
        [
            (DirectionEnd::Unused, AfterEnd::Continue),
            (DirectionEnd::Stopped, AfterEnd::Continue),
            (DirectionEnd::Eof, AfterEnd::SendEof),
            (DirectionEnd::InputFailed(ErrorKind::Other.into()), AfterEnd::SendEof),
            (DirectionEnd::ReceiverGone, AfterEnd::Continue),
            (failed(ErrorKind::BrokenPipe), AfterEnd::Continue),
            (failed(ErrorKind::StorageFull), AfterEnd::SendEof),
        ]
    }

    #[test]
    fn half_sends_the_end_of_file_to_a_receiver_that_is_there() {
        for (end, after) in ends() {
            assert_eq!(Eof::Half.after(&end), after, "{end:?}");
        }
    }

    #[test]
    fn close_stops_both_directions_at_any_end_but_ours() {
        for (end, _) in ends() {
            let is_ours = matches!(end, DirectionEnd::Unused | DirectionEnd::Stopped);
            let after = if is_ours { AfterEnd::Continue } else { AfterEnd::StopBoth };
            assert_eq!(Eof::Close.after(&end), after, "{end:?}");
        }
    }

    #[test]
    fn wait_never_sends_the_end_of_file() {
        for (end, _) in ends() {
            assert_eq!(Eof::Wait.after(&end), AfterEnd::Continue, "{end:?}");
        }
    }
}
