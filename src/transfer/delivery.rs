//! Decides whether a peer that has shut down or closed has read all bytes that were sent to it.

use super::{EarlyEnd, TransferOptions};
use crate::system::PeerState;
use std::{
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

/// The outcome of the bytes that were sent to a peer.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The peer has read all of them, or is still connected and may read them.
    #[default]
    Read,
    /// The peer has closed without reading all of them.
    Closed,
    /// The peer has shut down both directions, has not closed, and does not read the rest.
    Unread,
}

/// Decides the delivery for a peer that has not read everything. Until the peer closes, it may still
/// read the rest, also after lsock has ended; then a loss is not noticed.
///
/// The two drivers query the socket and wait in their own ways; the decision is made here.
#[derive(Debug)]
pub(crate) struct DeliveryRule {
    /// Time without a read after which the rest counts as unread.
    limit: Duration,
    /// The same for a peer that is open.
    open_limit: Duration,
    /// The delivery if the peer does not read the rest.
    unread: Delivery,
    /// The same for a peer that is open.
    unread_if_open: Delivery,
    /// The smallest amount of unread data so far, and when it was seen first.
    last: Option<(usize, Instant)>,
    is_open: bool,
}

/// Time without a read after which the rest counts as unread. A peer that has only half-closed
/// looks the same after our own half-close, and may be slow.
const LIMIT: Duration = Duration::from_secs(5);

impl DeliveryRule {
    /// Creates the rule for a transfer that has ended. `has_sent_eof` is whether the end of file of
    /// the peer was received.
    ///
    /// A peer that is open is waited for within the time limits of the transfer, which has taken
    /// the time `elapsed`. If it has sent its end of file, it looks the same as a peer that has shut
    /// down both directions.
    pub(crate) fn new(
        options: &TransferOptions,
        has_sent_eof: bool,
        early_end: Option<EarlyEnd>,
        elapsed: Duration,
    ) -> Self {
        let limits = options.limits();
        let over = early_end.map(|_| Duration::ZERO);
        let within = |rest: Option<Duration>| rest.map_or(LIMIT, |rest| rest.min(LIMIT));
        let open_limit = within(over.or(limits.rest_for_delivery(elapsed)));
        let is_whole = has_sent_eof && open_limit == LIMIT;
        let limit = within(limits.rest_of_max_time(elapsed));
        Self {
            limit,
            open_limit,
            // Before the time is over, it may still read the rest.
            unread: if limit == LIMIT { Delivery::Unread } else { Delivery::Read },
            unread_if_open: if is_whole { Delivery::Unread } else { Delivery::Read },
            last: None,
            is_open: false,
        }
    }

    /// Sets the time limit for a peer that may still read, so that unread bytes are no loss. The time
    /// limits of the transfer apply as well: after an early end, nothing is waited for.
    pub(crate) fn within(self, limit: Duration) -> Self {
        let (unread, limit) = (Delivery::Read, self.open_limit.min(limit));
        Self { limit, open_limit: limit, unread, unread_if_open: unread, ..self }
    }

    /// Returns the delivery if it can be decided now, or the time after which to query again.
    pub(crate) fn decide(&mut self, seen: PeerState, now: Instant) -> Result<Delivery, Duration> {
        const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
        if seen.was_reset {
            return Ok(Delivery::Closed);
        }
        if seen.unread == 0 {
            return Ok(Delivery::Read);
        }
        let since = match self.last {
            Some((unread, since)) if unread <= seen.unread => since,
            _ => now,
        };
        self.last = Some((seen.unread, since));
        self.is_open = seen.is_open;
        let waited = now.saturating_duration_since(since);
        if waited >= if seen.is_open { self.open_limit } else { self.limit } {
            return Ok(self.undecided());
        }
        Err((waited / 8).clamp(PAUSES.0, PAUSES.1))
    }

    /// Returns the delivery if the connection has to end now.
    pub(crate) fn undecided(&self) -> Delivery {
        if self.is_open { self.unread_if_open } else { self.unread }
    }
}

impl Delivery {
    /// Returns the reason for undelivered bytes; `None` if all were delivered.
    pub(crate) fn error(self) -> Option<io::Error> {
        match self {
            Self::Read => None,
            Self::Closed => Some(closed_error()),
            Self::Unread => Some(io::Error::new(
                ErrorKind::BrokenPipe,
                "the peer has shut down the connection and has not read the rest",
            )),
        }
    }
}

/// Returns the reason for a peer that has closed.
pub(crate) fn closed_error() -> io::Error {
    io::Error::new(ErrorKind::BrokenPipe, "the peer has closed the connection")
}

/// Returns the reason for bytes that were held when lsock ended the connection.
pub(crate) fn ended_error() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the connection was ended")
}

/// Returns whether a write failed because the peer has closed: systems report that in several ways.
pub(crate) fn peer_has_closed(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{CopyMode, EmptyMessages, Eof},
        *,
    };

    fn seen(unread: usize, was_reset: bool) -> PeerState {
        PeerState { unread, was_reset, is_open: false }
    }

    fn rule(idle: Option<Duration>, has_sent_eof: bool) -> DeliveryRule {
        rule_after(idle, has_sent_eof, None)
    }

    /// Returns the rule after this much of `--max-time`, which is a minute.
    fn rule_of_max_time(elapsed: Duration) -> DeliveryRule {
        let options = options(None, Some(Duration::from_secs(60)));
        DeliveryRule::new(&options, true, None, elapsed)
    }

    fn rule_after(
        idle: Option<Duration>,
        has_sent_eof: bool,
        early_end: Option<EarlyEnd>,
    ) -> DeliveryRule {
        DeliveryRule::new(&options(idle, None), has_sent_eof, early_end, Duration::ZERO)
    }

    fn options(idle: Option<Duration>, max_time: Option<Duration>) -> TransferOptions {
        TransferOptions {
            sends: true,
            receives: true,
            eof: Eof::Half,
            linger: None,
            idle,
            max_time,
            ignores_unread: false,
            hangs_up: false,
            copy: CopyMode::Auto,
            buffer: None,
            empty_messages: EmptyMessages::Eof,
        }
    }

    #[test]
    fn a_peer_is_not_waited_for_after_the_whole_time_of_the_transfer() {
        for is_open in [false, true] {
            let (now, seen) = (Instant::now(), PeerState { unread: 7, was_reset: false, is_open });
            let mut watch = rule_of_max_time(Duration::from_secs(59));
            assert!(watch.decide(seen, now).is_err());
            assert_eq!(watch.decide(seen, now + Duration::from_secs(1)), Ok(Delivery::Read));
            assert_eq!(rule_of_max_time(Duration::MAX).decide(seen, now), Ok(Delivery::Read));
            let mut watch = rule_of_max_time(Duration::ZERO);
            assert!(watch.decide(seen, now).is_err());
            assert_eq!(watch.decide(seen, now + LIMIT), Ok(Delivery::Unread));
        }
    }

    #[test]
    fn a_peer_that_has_read_everything_or_closed_is_decided_at_once() {
        let now = Instant::now();
        assert_eq!(rule(None, false).decide(seen(0, false), now), Ok(Delivery::Read));
        assert_eq!(rule(None, false).decide(seen(0, true), now), Ok(Delivery::Closed));
        assert_eq!(rule(None, false).decide(seen(1, true), now), Ok(Delivery::Closed));
    }

    #[test]
    fn a_peer_that_reads_on_is_watched_until_it_stops_for_the_whole_limit() {
        let (start, mut watch) = (Instant::now(), rule(None, false));
        for round in 0..10 {
            let now = start + LIMIT / 2 * round;
            assert!(watch.decide(seen(1000 - round as usize, false), now).is_err(), "{round}");
        }
        let last = start + LIMIT / 2 * 9;
        assert!(watch.decide(seen(991, false), last + LIMIT / 2).is_err());
        assert_eq!(watch.decide(seen(991, false), last + LIMIT), Ok(Delivery::Unread));
    }

    #[test]
    fn a_peer_that_closes_in_the_end_has_read_everything_or_not() {
        for (last, fate) in [(seen(0, false), Delivery::Read), (seen(0, true), Delivery::Closed)] {
            let (now, mut watch) = (Instant::now(), rule(None, false));
            assert!(watch.decide(seen(5, false), now).is_err());
            assert_eq!(watch.decide(last, now + LIMIT / 2), Ok(fate));
        }
    }

    #[test]
    fn a_peer_that_is_open_is_waited_for_within_the_time_limits() {
        let seen = PeerState { unread: 7, was_reset: false, is_open: true };
        let second = Duration::from_secs(1);
        for (idle, has_sent_eof, limit, end) in [
            (None, false, LIMIT, Delivery::Read),
            (Some(9 * second), false, LIMIT, Delivery::Read),
            (Some(second), false, second, Delivery::Read),
            (Some(second), true, second, Delivery::Read),
            // It looks the same as a peer that has shut down both directions.
            (None, true, LIMIT, Delivery::Unread),
            (Some(9 * second), true, LIMIT, Delivery::Unread),
        ] {
            let (start, mut watch) = (Instant::now(), rule(idle, has_sent_eof));
            assert!(watch.decide(seen, start).is_err());
            assert!(watch.decide(seen, start + limit / 2).is_err());
            assert_eq!(watch.decide(seen, start + limit), Ok(end));
            assert_eq!(watch.undecided(), end);
        }
        let mut watch = rule(None, true).within(second);
        assert!(watch.decide(seen, Instant::now()).is_err());
        assert_eq!(watch.undecided(), Delivery::Read);
    }

    #[test]
    fn a_peer_that_may_still_read_is_not_waited_for_after_an_early_end() {
        let second = Duration::from_secs(1);
        for early_end in [EarlyEnd::Linger, EarlyEnd::Idle(second), EarlyEnd::Closing] {
            for is_open in [false, true] {
                let seen = PeerState { unread: 7, was_reset: false, is_open };
                let mut watch = rule_after(None, false, Some(early_end)).within(second);
                assert_eq!(watch.decide(seen, Instant::now()), Ok(Delivery::Read), "{early_end:?}");
            }
        }
    }
}
