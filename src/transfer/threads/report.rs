use super::{
    delivery::{Delivery, closed, ended},
    direction::Ending,
};
use crate::diag::{Direction, Failure};
use std::{
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    time::Duration,
};

/// What a transfer came to: both directions, and whether a limit ended it.
#[derive(Debug)]
pub(crate) struct TransferReport {
    pub(super) sent: Side,
    pub(super) received: Side,
    pub(super) limit: Option<Limit>,
    pub(super) time: Duration,
}

/// What one direction came to.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) bytes: u64,
    /// How many bytes were read and not delivered.
    pub(super) held: u64,
    /// `None` if it was not used, or had to be left where it was.
    pub(super) ending: Option<Ending>,
}

/// A limit that was reached.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Idle(Duration),
    Linger,
}

impl TransferReport {
    /// Whether a limit of time ended it.
    pub(crate) fn was_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Whether nothing can be written to the output any more.
    pub(crate) fn output_is_gone(&self) -> bool {
        matches!(self.received.ending, Some(Ending::OutputFailed { .. }))
    }

    /// What went wrong, if anything: first what lost bytes, then what ran out of time.
    pub(crate) fn failure(self) -> Option<Failure> {
        let received = self.received.bytes;
        let incoming = match self.received.ending {
            Some(Ending::OutputFailed { error, lost }) => {
                // Whoever reads our output, such as `head`, may have enough; a command too.
                let has_enough = error.kind() == ErrorKind::BrokenPipe;
                (!has_enough).then_some(Failure::Undelivered {
                    direction: Direction::Receive,
                    error,
                    bytes: lost.filter(|lost| *lost > 0),
                    delivered: received,
                })
            }
            Some(Ending::Stopped) | None if self.received.held > 0 => Some(Failure::Undelivered {
                direction: Direction::Receive,
                error: ended(),
                bytes: Some(self.received.held),
                delivered: received,
            }),
            // The peer has closed without reading everything (unix(7)).
            Some(Ending::InputFailed(error)) if error.kind() == ErrorKind::ConnectionReset => Some(
                undelivered(self.sent.bytes, closed(), self.sent.ending.as_ref().and_then(left)),
            ),
            Some(Ending::InputFailed(error)) => {
                Some(Failure::Io { what: "cannot read from the peer", error })
            }
            _ => None,
        };
        incoming.or_else(|| outgoing(self.sent)).or(match self.limit {
            Some(Limit::Idle(limit)) => Some(Failure::Idle(limit)),
            Some(Limit::Linger) | None => None,
        })
    }
}

fn outgoing(sent: Side) -> Option<Failure> {
    let Side { bytes, held, ending } = sent;
    let Some(ending) = ending.filter(|ending| !matches!(ending, Ending::Stopped)) else {
        return (held > 0).then(|| undelivered(bytes, ended(), Some(held)));
    };
    match ending {
        Ending::Eof | Ending::Stopped | Ending::PeerGone { left: Some(0) } => None,
        Ending::PeerGone { left } => Some(undelivered(bytes, closed(), left)),
        Ending::Unread => Some(undelivered(bytes, Delivery::Unread.error()?, None)),
        Ending::InputFailed(error) => Some(Failure::Io { what: "cannot read the input", error }),
        Ending::OutputFailed { error, lost } => {
            let has_gone =
                matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
            Some(undelivered(bytes, if has_gone { closed() } else { error }, lost))
        }
    }
}

/// What is known to be lost of the input.
fn left(ending: &Ending) -> Option<u64> {
    match ending {
        Ending::PeerGone { left: Some(left) } | Ending::OutputFailed { lost: Some(left), .. } => {
            Some(*left)
        }
        _ => None,
    }
    .filter(|left| *left > 0)
}

fn undelivered(delivered: u64, error: io::Error, bytes: Option<u64>) -> Failure {
    let bytes = bytes.filter(|bytes| *bytes > 0);
    Failure::Undelivered { direction: Direction::Send, error, bytes, delivered }
}

impl Display for TransferReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (sent, received) = (self.sent.bytes, self.received.bytes);
        write!(f, "sent {sent} bytes, received {received} bytes in {:.3?}", self.time)?;
        match self.limit {
            Some(Limit::Idle(_)) => f.write_str(", ended by --idle-timeout"),
            Some(Limit::Linger) => f.write_str(", ended by --linger"),
            None => Ok(()),
        }
    }
}
