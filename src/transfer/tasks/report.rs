use super::direction::RelayEnd;
use crate::{
    diag::{Failure, LossDirection},
    transfer::{Delivery, closed, ended},
};
use std::{
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    time::Duration,
};

/// The result of a relayed connection.
#[derive(Debug)]
pub(crate) struct RelayReport {
    pub(super) to_target: RelaySide,
    pub(super) to_client: RelaySide,
    pub(super) limit: Option<RelayLimit>,
    pub(super) time: Duration,
}

/// The result of one direction.
#[derive(Debug)]
pub(super) struct RelaySide {
    pub(super) bytes: u64,
    pub(super) ending: RelayEnd,
    /// Whether the receiver has read what was delivered.
    pub(super) fate: Delivery,
}

/// An external reason for the end of a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum RelayLimit {
    Idle(Duration),
    Linger,
    Closing,
}

impl RelayReport {
    /// Returns the bytes delivered to the target and to the client.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.to_target.bytes, self.to_client.bytes)
    }

    /// Returns the number of bytes that were read for the target, delivered or not.
    pub(crate) fn read_for_target(&self) -> u64 {
        let lost = match self.to_target.ending {
            RelayEnd::OutputFailed { lost, .. } | RelayEnd::Stopped { lost } => lost,
            _ => 0,
        };
        self.to_target.bytes + lost
    }

    /// Returns whether a limit or the shutdown ended the connection.
    pub(crate) fn was_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Returns the failure, if any: lost bytes take precedence over a time limit. A target that is
    /// a command may stop reading at any time.
    pub(crate) fn failure(self, target_is_command: bool) -> Option<Failure> {
        let limit = self.limit;
        let target =
            self.to_target.failure("cannot read from the client").filter(|_| !target_is_command);
        let client = self.to_client.failure("cannot read from the target");
        let undelivered = |failure: Option<Ended>, direction| match failure? {
            Ended::Undelivered { error, bytes, delivered } => {
                Some(Failure::Undelivered { direction, error, bytes, delivered })
            }
            Ended::Unread { what, error } => Some(Failure::Io { what, error }),
        };
        undelivered(target, LossDirection::Target)
            .or_else(|| undelivered(client, LossDirection::Client))
            .or(match limit {
                Some(RelayLimit::Idle(limit)) => Some(Failure::Idle(limit)),
                Some(RelayLimit::Linger | RelayLimit::Closing) | None => None,
            })
    }
}

/// The failure of one direction.
enum Ended {
    Undelivered { error: io::Error, bytes: Option<u64>, delivered: u64 },
    Unread { what: &'static str, error: io::Error },
}

impl RelaySide {
    /// Returns the failure, if any; `what` is the message for an input that could not be read.
    fn failure(self, what: &'static str) -> Option<Ended> {
        let delivered = self.bytes;
        let undelivered = |error, bytes| Some(Ended::Undelivered { error, bytes, delivered });
        match self.ending {
            RelayEnd::OutputFailed { error, lost } => {
                let has_gone =
                    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
                undelivered(if has_gone { closed() } else { error }, Some(lost))
            }
            RelayEnd::Stopped { lost } if lost > 0 => undelivered(ended(), Some(lost)),
            ending => match (self.fate.error(), ending) {
                (Some(error), _) => undelivered(error, None),
                // A reset is a loss of the other direction.
                (None, RelayEnd::InputFailed(error))
                    if error.kind() != ErrorKind::ConnectionReset =>
                {
                    Some(Ended::Unread { what, error })
                }
                (None, _) => None,
            },
        }
    }
}

impl Display for RelayReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (there, back) = self.bytes();
        write!(f, "{there} bytes to the target, {back} bytes back in {:.3?}", self.time)?;
        match self.limit {
            Some(RelayLimit::Idle(_)) => f.write_str(", ended by --idle-timeout"),
            Some(RelayLimit::Linger) => f.write_str(", ended by --linger"),
            Some(RelayLimit::Closing) => f.write_str(", closed at the end of the grace time"),
            None => Ok(()),
        }
    }
}
