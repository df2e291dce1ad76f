//! Whether a peer that has gone has read everything that was sent to it.

use crate::system::PeerState;
use std::{
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

/// What became of the bytes that were sent to a peer.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The peer has read all of them, or goes on and may still do so.
    #[default]
    Read,
    /// The peer has closed without reading all of them.
    Closed,
    /// The peer has shut down both directions, has not closed, and does not read the rest.
    Unread,
}

/// Watches a peer that has shut down both directions while something that was sent to it is
/// unread: until it closes, it may still read the rest.
///
/// The two drivers look at the socket and wait, each in its own way; this decides.
#[derive(Debug)]
pub(crate) struct DeliveryRule {
    limit: Duration,
    /// How much was unread when it last became less, and when that was seen.
    last: Option<(usize, Instant)>,
}

/// How long a peer may read nothing before the rest counts as unread. A peer that has only
/// ended its own direction looks the same once ours has ended, and may be slow.
const LIMIT: Duration = Duration::from_secs(5);

impl DeliveryRule {
    pub(crate) fn new() -> Self {
        Self::within(LIMIT)
    }

    /// As [`new`](Self::new), with a limit of its own.
    pub(crate) fn within(limit: Duration) -> Self {
        Self { limit, last: None }
    }

    /// Decides by what is seen now; an error is the time to wait before looking again.
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
    /// Why not everything was delivered; `None` if it was.
    pub(crate) fn error(self) -> Option<io::Error> {
        match self {
            Self::Read => None,
            Self::Closed => Some(closed()),
            Self::Unread => Some(io::Error::new(
                ErrorKind::BrokenPipe,
                "the peer has shut down the connection and has not read the rest",
            )),
        }
    }
}

/// The reason if the peer has closed.
pub(crate) fn closed() -> io::Error {
    io::Error::new(ErrorKind::BrokenPipe, "the peer has closed the connection")
}

/// The reason if lsock has ended the connection while it held bytes.
pub(crate) fn ended() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the connection was ended")
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
