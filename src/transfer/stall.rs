//! Back-pressure: a direction that waits for its output for long.

use std::time::{Duration, Instant};

/// Notices when a direction begins to wait for its output for long, and when that is over.
#[derive(Debug, Default)]
pub(super) struct StallWatch {
    /// The time since which the output has taken nothing.
    since: Option<Instant>,
    /// Number of bytes that were delivered then.
    delivered: u64,
    is_reported: bool,
}

/// A change that is reported.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Stall {
    /// The output has taken nothing for [`Stall::LIMIT`].
    Begun,
    /// The output takes bytes again, after this time.
    Over(Duration),
}

impl Stall {
    /// Shorter waits are not reported.
    pub(super) const LIMIT: Duration = Duration::from_secs(1);
}

impl StallWatch {
    /// Returns what is to be reported now. `waits` is whether the direction holds bytes that its
    /// output does not take.
    pub(super) fn check(&mut self, waits: bool, delivered: u64, now: Instant) -> Option<Stall> {
        match self.since.filter(|_| waits && delivered == self.delivered) {
            Some(since) => {
                let begins = !self.is_reported && now - since >= Stall::LIMIT;
                self.is_reported |= begins;
                begins.then_some(Stall::Begun)
            }
            None => {
                let over = self.since.filter(|_| self.is_reported).map(|since| now - since);
                *self = Self { since: waits.then_some(now), delivered, is_reported: false };
                over.map(Stall::Over)
            }
        }
    }

    /// Returns when to check again, if nothing moves meanwhile.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.filter(|_| !self.is_reported).map(|since| since + Stall::LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_reported_once_and_its_end_once() {
        let (start, mut watch) = (Instant::now(), StallWatch::default());
        let second = Stall::LIMIT;
        assert_eq!(watch.check(false, 0, start), None);
        assert_eq!(watch.due(), None);
        assert_eq!(watch.check(true, 5, start), None);
        assert_eq!(watch.due(), Some(start + second));
        assert_eq!(watch.check(true, 5, start + second / 2), None);
        assert_eq!(watch.check(true, 5, start + second), Some(Stall::Begun));
        assert_eq!(watch.due(), None);
        assert_eq!(watch.check(true, 5, start + 3 * second), None);
        assert_eq!(watch.check(true, 6, start + 4 * second), Some(Stall::Over(4 * second)));
        assert_eq!(watch.check(false, 7, start + 5 * second), None);
    }

    #[test]
    fn an_output_that_takes_a_little_is_no_stall() {
        let (start, mut watch) = (Instant::now(), StallWatch::default());
        for step in 0..10 {
            let now = start + Stall::LIMIT / 2 * step;
            assert_eq!(watch.check(true, u64::from(step), now), None);
        }
    }
}
