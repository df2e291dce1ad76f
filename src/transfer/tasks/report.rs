use super::direction::RelayEnd;
use crate::{
    diag::{Failure, LossDirection},
    transfer::{Delivery, EarlyEnd, ended, is_gone, undelivered, write_error},
};
use std::{
    fmt::{self, Display, Formatter},
    io::ErrorKind,
    time::Duration,
};

/// The result of a relayed connection.
#[derive(Debug)]
pub(crate) struct RelayReport {
    pub(super) to_target: RelaySide,
    pub(super) to_client: RelaySide,
    pub(super) limit: Option<EarlyEnd>,
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

impl RelayReport {
    /// Returns the bytes delivered to the target and to the client.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.to_target.bytes, self.to_client.bytes)
    }

    /// Returns the number of bytes that were read for the target, delivered or not.
    pub(crate) fn read_for_target(&self) -> u64 {
        self.to_target.read()
    }

    /// Returns the number of bytes that were read for the client, delivered or not.
    pub(crate) fn read_for_client(&self) -> u64 {
        self.to_client.read()
    }

    /// Returns whether a limit or the shutdown ended the connection.
    pub(crate) fn was_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Returns the failure, if any: lost bytes take precedence over a time limit.
    pub(crate) fn failure(self, may_stop: MayStopReading) -> Option<Failure> {
        let to_target = self.to_target.failure(
            LossDirection::Target,
            "cannot read from the client",
            may_stop.target,
        );
        let to_client = self.to_client.failure(
            LossDirection::Client,
            "cannot read from the target",
            may_stop.client,
        );
        to_target.or(to_client).or_else(|| self.limit.and_then(EarlyEnd::failure))
    }
}

/// Whether the two sides may stop reading at any time, which is no loss: a command, or the standard
/// streams, which have a report of their own.
#[derive(Copy, Clone, Debug)]
pub(crate) struct MayStopReading {
    pub(crate) target: bool,
    pub(crate) client: bool,
}

impl RelaySide {
    fn read(&self) -> u64 {
        let lost = match self.ending {
            RelayEnd::OutputFailed { lost, .. } | RelayEnd::Stopped { lost } => lost,
            _ => 0,
        };
        self.bytes + lost
    }

    /// Returns the failure, if any; `what` is the message for an input that could not be read.
    /// `may_stop` says whether the receiver may stop reading.
    fn failure(
        self,
        direction: LossDirection,
        what: &'static str,
        may_stop: bool,
    ) -> Option<Failure> {
        let failure = |error, lost| Some(undelivered(direction, error, lost, self.bytes));
        match self.ending {
            RelayEnd::OutputFailed { error, .. } if may_stop && is_gone(&error) => None,
            RelayEnd::OutputFailed { error, lost } => failure(write_error(error), Some(lost)),
            RelayEnd::Stopped { lost } if lost > 0 && !may_stop => failure(ended(), Some(lost)),
            ending => match (self.fate.error(), ending) {
                (Some(error), _) if !may_stop => failure(error, None),
                // A reset is a loss of the other direction.
                (_, RelayEnd::InputFailed(error)) if error.kind() != ErrorKind::ConnectionReset => {
                    Some(Failure::Io { what, error })
                }
                _ => None,
            },
        }
    }
}

impl Display for RelayReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (there, back) = self.bytes();
        write!(f, "{there} bytes to the target, {back} bytes back in {:.3?}", self.time)?;
        self.limit.map_or(Ok(()), |limit| limit.fmt(f))
    }
}
