//! Decides whether a peer that has shut down or closed has read all bytes that were sent to it.

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

/// Decides the delivery for a peer that has shut down both directions while bytes are unread. Until
/// the peer closes, it may still read them.
///
/// The two drivers query the socket and wait in their own ways; the decision is made here.
#[derive(Debug)]
pub(crate) struct DeliveryRule {
    limit: Duration,
    /// The smallest amount of unread data so far, and when it was seen first.
    last: Option<(usize, Instant)>,
}

/// Time without a read after which the rest counts as unread. A peer that has only half-closed
/// looks the same after our own half-close, and may be slow.
const LIMIT: Duration = Duration::from_secs(5);

impl DeliveryRule {
    pub(crate) fn new() -> Self {
        Self::within(LIMIT)
    }

    /// Like [`new`](Self::new), with another time limit.
    pub(crate) fn within(limit: Duration) -> Self {
        Self { limit, last: None }
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
        let waited = now.saturating_duration_since(since);
        if waited >= self.limit {
            return Ok(Delivery::Unread);
        }
        Err((waited / 8).clamp(PAUSES.0, PAUSES.1))
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
    use super::*;

    fn seen(unread: usize, was_reset: bool) -> PeerState {
        PeerState { unread, was_reset }
    }

    #[test]
    fn a_peer_that_has_read_everything_or_closed_is_decided_at_once() {
        let now = Instant::now();
        assert_eq!(DeliveryRule::new().decide(seen(0, false), now), Ok(Delivery::Read));
        assert_eq!(DeliveryRule::new().decide(seen(0, true), now), Ok(Delivery::Closed));
        assert_eq!(DeliveryRule::new().decide(seen(1, true), now), Ok(Delivery::Closed));
    }

    #[test]
    fn a_peer_that_reads_on_is_watched_until_it_stops_for_the_whole_limit() {
        let (start, mut watch) = (Instant::now(), DeliveryRule::new());
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
            let (now, mut watch) = (Instant::now(), DeliveryRule::new());
            assert!(watch.decide(seen(5, false), now).is_err());
            assert_eq!(watch.decide(last, now + LIMIT / 2), Ok(fate));
        }
    }
}
