//! The report of a transfer, which both drivers return.

use super::{Delivery, DirectionEnd, EarlyEnd, closed_error, ended_error, peer_has_closed};
use crate::diag::{Failure, Outcome, Receiver, counted};
use std::{
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    time::Duration,
};

/// The result of a transfer between the two parties of a connection.
#[derive(Debug)]
pub(crate) struct TransferReport {
    /// Sequence number of the connection; `None` if there is only one.
    pub(super) number: Option<u64>,
    pub(super) parties: Parties,
    /// From the first end to the second one.
    pub(super) forth: DirectionReport,
    /// From the second end to the first one.
    pub(super) back: DirectionReport,
    /// The reason why both directions were ended early.
    pub(super) early_end: Option<EarlyEnd>,
    pub(super) time: Duration,
}

/// The result of one direction.
#[derive(Debug)]
pub(super) struct DirectionReport {
    /// Number of delivered bytes.
    pub(super) delivered: u64,
    /// Number of bytes that were not delivered: they were read, or were left in an input that
    /// nobody else reads. `None` if it is not known.
    pub(super) undelivered: Option<u64>,
    pub(super) end: DirectionEnd,
    /// Whether the receiver has read what was delivered.
    pub(super) delivery: Delivery,
    /// Whether it is no loss if the receiver closes without reading everything.
    pub(super) may_be_unread: bool,
}

/// The two parties of a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parties {
    pub(crate) first: Party,
    pub(crate) second: Party,
}

/// One of the two ends of a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// Standard input and output.
    Stdio,
    /// Standard input and output, joined by a thread that has its own report.
    ReportedStdio,
    /// The peer of `listen` or `connect`.
    Peer,
    /// The client of a relay.
    Client,
    /// The target of a relay.
    Target,
    /// A command that lsock has started.
    Command,
}

impl TransferReport {
    /// Logs the report.
    pub(crate) fn log(&self) {
        // A peer that is the first end sends in the second direction.
        let (sent, received) = match self.parties.first {
            Party::Peer => (self.back.delivered, self.forth.delivered),
            _ => self.delivered(),
        };
        let duration = self.time.as_secs_f64();
        tracing::info!(conn = self.number, sent, received, duration, "{self}");
    }

    /// Returns the bytes delivered from the first end to the second one, and back.
    pub(crate) fn delivered(&self) -> (u64, u64) {
        (self.forth.delivered, self.back.delivered)
    }

    /// Returns the number of bytes that were read for the second end, delivered or not.
    pub(crate) fn read_for_second(&self) -> u64 {
        self.forth.read()
    }

    /// Returns the number of bytes that were read for the first end, delivered or not.
    pub(crate) fn read_for_first(&self) -> u64 {
        self.back.read()
    }

    /// Returns the number of bytes of the first end's input, delivered or not; `None` if it is not
    /// known.
    pub(crate) fn input_of_first(&self) -> Option<u64> {
        self.forth.undelivered.map(|undelivered| self.forth.delivered + undelivered)
    }

    /// Returns the limit or the shutdown that ended the transfer, if one did.
    pub(crate) fn early_end(&self) -> Option<EarlyEnd> {
        self.early_end
    }

    /// Returns whether the second end has closed both directions before a byte was sent to it or
    /// received from it, and before it got the end of file.
    pub(crate) fn was_closed_unused(&self) -> bool {
        let Self { forth, back, .. } = self;
        // If it is not known whether bytes are left in the input, they are reported as a loss.
        let was_empty = forth.delivered == 0 && forth.undelivered == Some(0);
        matches!(forth.end, DirectionEnd::ReceiverGone) && was_empty && back.read() == 0
    }

    /// Returns whether nothing was to be sent, and only the end of file was received.
    pub(crate) fn received_only_eof(&self) -> bool {
        let Self { forth, back, .. } = self;
        matches!((&forth.end, &back.end), (DirectionEnd::Unused, DirectionEnd::Eof))
            && back.read() == 0
    }

    /// Returns whether the second end has closed the connection, and no byte has moved in it.
    pub(crate) fn was_unused(&self) -> bool {
        self.was_closed_unused() || self.received_only_eof()
    }

    /// Returns whether bytes for the second end that were not delivered are no loss, because it has
    /// closed and need not read everything.
    pub(crate) fn excuses_unread_of_second(&self) -> bool {
        self.forth.is_excused()
    }

    /// Returns the same for the first end.
    pub(crate) fn excuses_unread_of_first(&self) -> bool {
        self.back.is_excused()
    }

    /// Returns whether the first end can no longer be written to.
    pub(crate) fn first_is_gone(&self) -> bool {
        matches!(self.back.end, DirectionEnd::OutputFailed(_) | DirectionEnd::ReceiverGone)
    }

    /// Returns whether the second end has ended the input of the first one, which had not ended.
    pub(crate) fn was_ended_by_second(&self) -> bool {
        match &self.forth.end {
            DirectionEnd::ReceiverGone => true,
            DirectionEnd::OutputFailed(error) => peer_has_closed(error),
            // With `--eof close`.
            DirectionEnd::Stopped => {
                self.early_end.is_none() && matches!(self.back.end, DirectionEnd::Eof)
            }
            DirectionEnd::Unused | DirectionEnd::Eof | DirectionEnd::InputFailed(_) => false,
        }
    }

    /// Returns the failure, if any: lost bytes take precedence over a time limit.
    pub(crate) fn failure(self) -> Option<Failure> {
        let Parties { first, second } = self.parties;
        let Self { forth, back, early_end, .. } = self;
        let mut failures =
            [back.failure(second, first, early_end), forth.failure(first, second, early_end)];
        failures.sort_by_key(|failure| !matches!(failure, Some(Failure::Undelivered { .. })));
        let failure = failures.into_iter().flatten().next();
        failure.or_else(|| early_end.and_then(EarlyEnd::failure))
    }

    /// Returns the failure, or the outcome if there is none.
    pub(crate) fn result(self, outcome: Outcome) -> Result<Outcome, Failure> {
        self.failure().map_or(Ok(outcome), Err)
    }
}

impl DirectionReport {
    /// Returns whether the receiver has closed, and need not read everything.
    fn is_excused(&self) -> bool {
        let has_closed = match &self.end {
            DirectionEnd::ReceiverGone => true,
            DirectionEnd::OutputFailed(error) => peer_has_closed(error),
            _ => self.delivery != Delivery::Read,
        };
        self.may_be_unread && has_closed
    }

    /// Returns the report of a direction whose receiver need not read everything, if so.
    pub(super) fn excused(self, may_be_unread: bool) -> Self {
        Self { may_be_unread, ..self }
    }

    /// Writes what an excused receiver has not read.
    fn fmt_unread(&self, receiver: Party, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.is_excused()
            || matches!(self.undelivered, Some(0)) && self.delivery == Delivery::Read
        {
            return Ok(());
        }
        write!(f, ", not everything was read by {}", receiver.receiver())?;
        match self.undelivered {
            None | Some(0) => Ok(()),
            Some(bytes) => write!(f, " ({} not delivered)", counted(bytes, "byte")),
        }
    }

    fn read(&self) -> u64 {
        self.delivered + self.undelivered.unwrap_or(0)
    }

    /// Returns the report if this many of the last bytes were accepted for the receiver, and were
    /// lost when lsock closed the connection: they are not delivered, so lsock has stopped the
    /// direction before its end.
    pub(super) fn without(self, in_flight: u64) -> Self {
        let in_flight = in_flight.min(self.delivered);
        let Self { delivered, undelivered, end, delivery, may_be_unread } = self;
        let end = match end {
            DirectionEnd::Eof | DirectionEnd::InputFailed(_) if in_flight > 0 => {
                DirectionEnd::Stopped
            }
            end => end,
        };
        Self {
            delivered: delivered - in_flight,
            undelivered: undelivered.map(|undelivered| undelivered + in_flight),
            end,
            delivery,
            may_be_unread,
        }
    }

    /// Returns the failure of the direction, if any.
    fn failure(
        self,
        sender: Party,
        receiver: Party,
        early_end: Option<EarlyEnd>,
    ) -> Option<Failure> {
        let lost =
            |error| Some(undelivered(receiver.receiver(), error, self.undelivered, self.delivered));
        let may_stop = receiver.may_stop_reading() || self.may_be_unread;
        match self.end {
            DirectionEnd::OutputFailed(error) if may_stop && peer_has_closed(&error) => None,
            // If lsock has ended the connection, it has shut it down itself.
            DirectionEnd::OutputFailed(error) if peer_has_closed(&error) => {
                lost(early_end.map_or_else(closed_error, EarlyEnd::error))
            }
            DirectionEnd::OutputFailed(error) => lost(error),
            DirectionEnd::ReceiverGone if self.undelivered != Some(0) && !may_stop => {
                lost(closed_error())
            }
            DirectionEnd::Stopped
                if self.undelivered != Some(0) && receiver != Party::ReportedStdio =>
            {
                match self.delivery {
                    Delivery::Closed if self.may_be_unread => None,
                    Delivery::Closed => lost(closed_error()),
                    _ => lost(early_end.map_or_else(ended_error, EarlyEnd::error)),
                }
            }
            end => match (self.delivery.error(), end) {
                (Some(error), _) if !may_stop => lost(error),
                // A reset is a loss of the other direction.
                (_, DirectionEnd::InputFailed(error))
                    if error.kind() != ErrorKind::ConnectionReset =>
                {
                    Some(Failure::Io { what: sender.cannot_read(), error })
                }
                _ => None,
            },
        }
    }
}

impl Party {
    /// Returns the party as the receiver of a failure.
    pub(crate) fn receiver(self) -> Receiver {
        match self {
            Self::Stdio | Self::ReportedStdio => Receiver::Output,
            Self::Peer => Receiver::Peer,
            Self::Client => Receiver::Client,
            Self::Target => Receiver::Target,
            Self::Command => Receiver::Command,
        }
    }

    /// Returns the party in messages, as a sender.
    pub(super) fn name_as_sender(self) -> &'static str {
        match self {
            Self::Stdio | Self::ReportedStdio => "the input",
            Self::Peer => "the peer",
            Self::Client => "the client",
            Self::Target => "the target",
            Self::Command => "the command",
        }
    }

    /// Returns the message for an end that could not be read.
    fn cannot_read(self) -> &'static str {
        match self {
            Self::Stdio | Self::ReportedStdio => "cannot read the input",
            Self::Peer => "cannot read from the peer",
            Self::Client => "cannot read from the client",
            Self::Target => "cannot read from the target",
            Self::Command => "cannot read from the command",
        }
    }

    /// Returns whether the end may stop reading at any time, which is no loss: a command, or the
    /// reader of standard output, such as `head`.
    fn may_stop_reading(self) -> bool {
        match self {
            Self::Stdio | Self::ReportedStdio | Self::Command => true,
            Self::Peer | Self::Client | Self::Target => false,
        }
    }
}

impl Display for TransferReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.number {
            write!(f, "connection {number}: ")?;
        }
        let [forth, back] =
            [&self.forth, &self.back].map(|direction| counted(direction.delivered, "byte"));
        match self.parties {
            Parties { first: Party::Stdio, .. } => write!(f, "sent {forth}, received {back}")?,
            Parties { first: Party::Peer, .. } => write!(f, "sent {back}, received {forth}")?,
            Parties { second, .. } => write!(f, "{forth} to {}, {back} back", second.receiver())?,
        }
        write!(f, " in {:.3?}", self.time)?;
        self.forth.fmt_unread(self.parties.second, f)?;
        self.back.fmt_unread(self.parties.first, f)?;
        self.early_end.map_or(Ok(()), |end| end.fmt(f))
    }
}

/// Returns the failure of a direction whose bytes were not all delivered. `lost` is their number;
/// `None` or 0 if it is not known.
pub(crate) fn undelivered(
    receiver: Receiver,
    error: io::Error,
    lost: Option<u64>,
    delivered: u64,
) -> Failure {
    let bytes = lost.filter(|lost| *lost > 0);
    Failure::Undelivered { receiver, error, bytes, delivered }
}

#[cfg(test)]
mod tests;
