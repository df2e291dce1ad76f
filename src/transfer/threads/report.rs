use super::direction::DirectionEnd;
use crate::{
    diag::{Failure, LossDirection},
    transfer::{Delivery, EarlyEnd, closed, ended, undelivered, write_error},
};
use std::{
    fmt::{self, Display, Formatter},
    io::ErrorKind,
    time::Duration,
};

/// The result of a transfer.
#[derive(Debug)]
pub(crate) struct TransferReport {
    pub(super) sent: TransferSide,
    pub(super) received: TransferSide,
    pub(super) limit: Option<EarlyEnd>,
    pub(super) time: Duration,
}

/// The result of one direction.
#[derive(Debug)]
pub(super) struct TransferSide {
    pub(super) bytes: u64,
    /// Bytes that were read and not delivered.
    pub(super) held: u64,
    /// `None` if the direction was not used, or its thread could not be ended.
    pub(super) ending: Option<DirectionEnd>,
}

impl TransferReport {
    /// Returns whether the output cannot be written any more.
    pub(crate) fn output_is_gone(&self) -> bool {
        matches!(self.received.ending, Some(DirectionEnd::OutputFailed { .. }))
    }

    /// Returns the failure, if any: lost bytes take precedence over a time limit.
    pub(crate) fn failure(self) -> Option<Failure> {
        let TransferSide { bytes, held, ending } = self.received;
        let lost = |error, lost| undelivered(LossDirection::Receive, error, lost, bytes);
        let incoming = match ending {
            // The reader of the output, such as `head` or a command, may stop reading at any time.
            Some(DirectionEnd::OutputFailed { error, lost: count }) => {
                (error.kind() != ErrorKind::BrokenPipe).then(|| lost(error, count))
            }
            Some(DirectionEnd::Stopped) | None if held > 0 => Some(lost(ended(), Some(held))),
            // The peer has closed without reading everything (unix(7)).
            Some(DirectionEnd::InputFailed(error))
                if error.kind() == ErrorKind::ConnectionReset =>
            {
                let left = self.sent.ending.as_ref().and_then(left);
                Some(undelivered(LossDirection::Send, closed(), left, self.sent.bytes))
            }
            Some(DirectionEnd::InputFailed(error)) => {
                Some(Failure::Io { what: "cannot read from the peer", error })
            }
            _ => None,
        };
        incoming.or_else(|| outgoing(self.sent)).or_else(|| self.limit.and_then(EarlyEnd::failure))
    }
}

fn outgoing(sent: TransferSide) -> Option<Failure> {
    let TransferSide { bytes, held, ending } = sent;
    let lost = |error, lost| Some(undelivered(LossDirection::Send, error, lost, bytes));
    match ending {
        Some(DirectionEnd::Stopped) | None if held > 0 => lost(ended(), Some(held)),
        Some(
            DirectionEnd::Stopped | DirectionEnd::Eof | DirectionEnd::PeerGone { left: Some(0) },
        )
        | None => None,
        Some(DirectionEnd::PeerGone { left }) => lost(closed(), left),
        Some(DirectionEnd::Unread) => lost(Delivery::Unread.error()?, None),
        Some(DirectionEnd::InputFailed(error)) => {
            Some(Failure::Io { what: "cannot read the input", error })
        }
        Some(DirectionEnd::OutputFailed { error, lost: count }) => lost(write_error(error), count),
    }
}

/// Returns the number of lost input bytes, if it is known.
fn left(ending: &DirectionEnd) -> Option<u64> {
    match ending {
        DirectionEnd::PeerGone { left: Some(left) }
        | DirectionEnd::OutputFailed { lost: Some(left), .. } => Some(*left),
        _ => None,
    }
}

impl Display for TransferReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (sent, received) = (self.sent.bytes, self.received.bytes);
        write!(f, "sent {sent} bytes, received {received} bytes in {:.3?}", self.time)?;
        self.limit.map_or(Ok(()), |limit| limit.fmt(f))
    }
}
