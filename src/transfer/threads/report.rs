use super::{
    delivery::{Delivery, closed, ended},
    direction::DirectionEnd,
};
use crate::diag::{Failure, LossDirection};
use std::{
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    time::Duration,
};

/// The result of a transfer.
#[derive(Debug)]
pub(crate) struct TransferReport {
    pub(super) sent: TransferSide,
    pub(super) received: TransferSide,
    pub(super) limit: Option<TimeLimit>,
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

/// A time limit that was reached.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeLimit {
    Idle(Duration),
    Linger,
}

impl TransferReport {
    /// Returns whether a time limit ended the transfer.
    pub(crate) fn was_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Returns whether the output cannot be written any more.
    pub(crate) fn output_is_gone(&self) -> bool {
        matches!(self.received.ending, Some(DirectionEnd::OutputFailed { .. }))
    }

    /// Returns the failure, if any: lost bytes take precedence over a time limit.
    pub(crate) fn failure(self) -> Option<Failure> {
        let received = self.received.bytes;
        let incoming = match self.received.ending {
            Some(DirectionEnd::OutputFailed { error, lost }) => {
                // The reader of the output, such as `head` or a command, may stop reading at any
                // time.
                let has_enough = error.kind() == ErrorKind::BrokenPipe;
                (!has_enough).then_some(Failure::Undelivered {
                    direction: LossDirection::Receive,
                    error,
                    bytes: lost.filter(|lost| *lost > 0),
                    delivered: received,
                })
            }
            Some(DirectionEnd::Stopped) | None if self.received.held > 0 => {
                Some(Failure::Undelivered {
                    direction: LossDirection::Receive,
                    error: ended(),
                    bytes: Some(self.received.held),
                    delivered: received,
                })
            }
            // The peer has closed without reading everything (unix(7)).
            Some(DirectionEnd::InputFailed(error))
                if error.kind() == ErrorKind::ConnectionReset =>
            {
                Some(undelivered(
                    self.sent.bytes,
                    closed(),
                    self.sent.ending.as_ref().and_then(left),
                ))
            }
            Some(DirectionEnd::InputFailed(error)) => {
                Some(Failure::Io { what: "cannot read from the peer", error })
            }
            _ => None,
        };
        incoming.or_else(|| outgoing(self.sent)).or(match self.limit {
            Some(TimeLimit::Idle(limit)) => Some(Failure::Idle(limit)),
            Some(TimeLimit::Linger) | None => None,
        })
    }
}

fn outgoing(sent: TransferSide) -> Option<Failure> {
    let TransferSide { bytes, held, ending } = sent;
    let Some(ending) = ending.filter(|ending| !matches!(ending, DirectionEnd::Stopped)) else {
        return (held > 0).then(|| undelivered(bytes, ended(), Some(held)));
    };
    match ending {
        DirectionEnd::Eof | DirectionEnd::Stopped | DirectionEnd::PeerGone { left: Some(0) } => {
            None
        }
        DirectionEnd::PeerGone { left } => Some(undelivered(bytes, closed(), left)),
        DirectionEnd::Unread => Some(undelivered(bytes, Delivery::Unread.error()?, None)),
        DirectionEnd::InputFailed(error) => {
            Some(Failure::Io { what: "cannot read the input", error })
        }
        DirectionEnd::OutputFailed { error, lost } => {
            let has_gone =
                matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
            Some(undelivered(bytes, if has_gone { closed() } else { error }, lost))
        }
    }
}

/// Returns the number of lost input bytes, if it is known.
fn left(ending: &DirectionEnd) -> Option<u64> {
    match ending {
        DirectionEnd::PeerGone { left: Some(left) }
        | DirectionEnd::OutputFailed { lost: Some(left), .. } => Some(*left),
        _ => None,
    }
    .filter(|left| *left > 0)
}

fn undelivered(delivered: u64, error: io::Error, bytes: Option<u64>) -> Failure {
    let bytes = bytes.filter(|bytes| *bytes > 0);
    Failure::Undelivered { direction: LossDirection::Send, error, bytes, delivered }
}

impl Display for TransferReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (sent, received) = (self.sent.bytes, self.received.bytes);
        write!(f, "sent {sent} bytes, received {received} bytes in {:.3?}", self.time)?;
        match self.limit {
            Some(TimeLimit::Idle(_)) => f.write_str(", ended by --idle-timeout"),
            Some(TimeLimit::Linger) => f.write_str(", ended by --linger"),
            None => Ok(()),
        }
    }
}
