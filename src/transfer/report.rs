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

    /// Returns whether a limit or the shutdown ended the transfer.
    pub(crate) fn was_ended_early(&self) -> bool {
        self.early_end.is_some()
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

    /// Returns whether the first end can no longer be written to.
    pub(crate) fn first_is_gone(&self) -> bool {
        matches!(self.back.end, DirectionEnd::OutputFailed(_) | DirectionEnd::ReceiverGone)
    }

    /// Returns the failure, if any: lost bytes take precedence over a time limit.
    pub(crate) fn failure(self) -> Option<Failure> {
        let Parties { first, second } = self.parties;
        let mut failures = [self.back.failure(second, first), self.forth.failure(first, second)];
        failures.sort_by_key(|failure| !matches!(failure, Some(Failure::Undelivered { .. })));
        let failure = failures.into_iter().flatten().next();
        failure.or_else(|| self.early_end.and_then(EarlyEnd::failure))
    }

    /// Returns the failure, or the outcome if there is none.
    pub(crate) fn result(self, outcome: Outcome) -> Result<Outcome, Failure> {
        self.failure().map_or(Ok(outcome), Err)
    }
}

impl DirectionReport {
    fn read(&self) -> u64 {
        self.delivered + self.undelivered.unwrap_or(0)
    }

    /// Returns the failure of the direction, if any.
    fn failure(self, sender: Party, receiver: Party) -> Option<Failure> {
        let lost =
            |error| Some(undelivered(receiver.receiver(), error, self.undelivered, self.delivered));
        let may_stop = receiver.may_stop_reading();
        match self.end {
            DirectionEnd::OutputFailed(error) if may_stop && peer_has_closed(&error) => None,
            DirectionEnd::OutputFailed(error) if peer_has_closed(&error) => lost(closed_error()),
            DirectionEnd::OutputFailed(error) => lost(error),
            DirectionEnd::ReceiverGone if self.undelivered != Some(0) && !may_stop => {
                lost(closed_error())
            }
            DirectionEnd::Stopped
                if self.undelivered != Some(0) && receiver != Party::ReportedStdio =>
            {
                lost(ended_error())
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
    fn receiver(self) -> Receiver {
        match self {
            Self::Stdio | Self::ReportedStdio => Receiver::Output,
            Self::Peer => Receiver::Peer,
            Self::Client => Receiver::Client,
            Self::Target => Receiver::Target,
            Self::Command => Receiver::Command,
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
mod tests {
    use super::*;

    const PARTIES: [Parties; 4] = [
        Parties { first: Party::Stdio, second: Party::Peer },
        Parties { first: Party::Client, second: Party::Target },
        Parties { first: Party::Client, second: Party::Command },
        Parties { first: Party::ReportedStdio, second: Party::Target },
    ];

    fn direction(end: DirectionEnd, undelivered: Option<u64>) -> DirectionReport {
        DirectionReport { delivered: 10, undelivered, end, delivery: Delivery::Read }
    }

    /// Returns the text of the failure if the direction to the first or the second end has ended
    /// like this, and the other one by its end of file.
    fn failure(parties: Parties, to_second: bool, ending: DirectionReport) -> Option<String> {
        let other = direction(DirectionEnd::Eof, Some(0));
        let (forth, back) = if to_second { (ending, other) } else { (other, ending) };
        let report = TransferReport {
            number: None,
            parties,
            forth,
            back,
            early_end: None,
            time: Duration::ZERO,
        };
        report.failure().map(|failure| failure.to_string())
    }

    #[test]
    fn a_receiver_that_has_closed_is_a_loss_unless_it_may_stop_reading() {
        for (parties, to_second) in
            PARTIES.into_iter().flat_map(|parties| [(parties, true), (parties, false)])
        {
            let receiver = if to_second { parties.second } else { parties.first };
            for kind in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset] {
                let end = DirectionEnd::OutputFailed(kind.into());
                let text = failure(parties, to_second, direction(end, Some(7)));
                let expected = format!(
                    "7 bytes could not be delivered to {}: the peer has closed the connection (10 \
                     bytes {})",
                    receiver.receiver(),
                    receiver.receiver().verb(),
                );
                assert_eq!(text, (!receiver.may_stop_reading()).then_some(expected), "{parties:?}");
            }
        }
    }

    #[test]
    fn held_bytes_of_a_stopped_direction_are_lost_unless_a_thread_reports_them() {
        for (parties, to_second) in
            PARTIES.into_iter().flat_map(|parties| [(parties, true), (parties, false)])
        {
            let receiver = if to_second { parties.second } else { parties.first };
            let text = failure(parties, to_second, direction(DirectionEnd::Stopped, Some(1)));
            assert_eq!(text.is_some(), receiver != Party::ReportedStdio, "{parties:?}");
            let text = failure(parties, to_second, direction(DirectionEnd::Stopped, Some(0)));
            assert_eq!(text, None, "{parties:?}");
        }
    }

    #[test]
    fn a_reset_is_a_loss_of_the_other_direction() {
        for (parties, to_second) in
            PARTIES.into_iter().flat_map(|parties| [(parties, true), (parties, false)])
        {
            let reset = DirectionEnd::InputFailed(ErrorKind::ConnectionReset.into());
            assert_eq!(failure(parties, to_second, direction(reset, Some(0))), None);
            let other = DirectionEnd::InputFailed(ErrorKind::NotConnected.into());
            assert!(failure(parties, to_second, direction(other, Some(0))).is_some());
        }
    }

    #[test]
    fn lost_bytes_take_precedence_over_an_input_that_cannot_be_read() {
        let lost = || direction(DirectionEnd::OutputFailed(ErrorKind::StorageFull.into()), Some(5));
        let failed =
            || direction(DirectionEnd::InputFailed(ErrorKind::NotConnected.into()), Some(0));
        for (forth, back) in [(lost(), failed()), (failed(), lost())] {
            let report = TransferReport {
                number: Some(1),
                parties: Parties { first: Party::Client, second: Party::Target },
                forth,
                back,
                early_end: Some(EarlyEnd::Linger),
                time: Duration::ZERO,
            };
            assert!(matches!(report.failure(), Some(Failure::Undelivered { bytes: Some(5), .. })));
        }
    }
}
