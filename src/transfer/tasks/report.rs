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

/// What a connection came to: both directions, and whether a limit ended it.
#[derive(Debug)]
pub(crate) struct RelayReport {
    pub(super) to_target: RelaySide,
    pub(super) to_client: RelaySide,
    pub(super) limit: Option<RelayLimit>,
    pub(super) time: Duration,
}

/// What one direction came to.
#[derive(Debug)]
pub(super) struct RelaySide {
    pub(super) bytes: u64,
    pub(super) ending: RelayEnd,
    /// Whether what was delivered was read as well.
    pub(super) fate: Delivery,
}

/// What ended a connection from outside.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum RelayLimit {
    Idle(Duration),
    Linger,
    Closing,
}

impl RelayReport {
    /// The bytes that were delivered to the target and to the client.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.to_target.bytes, self.to_client.bytes)
    }

    /// How many bytes were read for the target, whether it got them or not.
    pub(crate) fn read_for_target(&self) -> u64 {
        let lost = match self.to_target.ending {
            RelayEnd::OutputFailed { lost, .. } | RelayEnd::Stopped { lost } => lost,
            _ => 0,
        };
        self.to_target.bytes + lost
    }

    /// Whether it was ended from outside.
    pub(crate) fn was_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// What went wrong, if anything: first what lost bytes, then what ran out of time. A
    /// target that is a command may stop reading whenever it likes.
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

/// What went wrong in one direction.
enum Ended {
    Undelivered { error: io::Error, bytes: Option<u64>, delivered: u64 },
    Unread { what: &'static str, error: io::Error },
}

impl RelaySide {
    /// `what` is said where its input could not be read.
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
                // A reset is the other direction's loss.
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
