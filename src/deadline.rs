//! A point in time, computed from a limit that the user chooses and that may exceed the range of
//! the clock.

use std::{
    future::pending,
    time::{Duration, Instant},
};

/// The time at which a limit is reached; never, if the limit exceeds the range of the clock.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

/// Limits above a hundred years are never reached: event loops round a time up, which panics at the
/// end of the range of `Instant`.
const FARTHEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl Deadline {
    pub(crate) const NEVER: Self = Self(None);

    /// Returns the time at which a limit that starts at `start` is reached.
    pub(crate) fn after(start: Instant, limit: Duration) -> Self {
        Self(if limit > FARTHEST { None } else { start.checked_add(limit) })
    }

    /// Returns the time at which a limit that starts now is reached.
    pub(crate) fn from_now(limit: Duration) -> Self {
        Self::after(Instant::now(), limit)
    }

    /// Returns the time; `None` for never.
    pub(crate) fn instant(self) -> Option<Instant> {
        self.0
    }

    /// Returns the time that is left; `None` if it is not limited.
    pub(crate) fn rest(self, now: Instant) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(now))
    }

    /// Waits until the limit is reached, in an event loop.
    pub(crate) async fn reached(self) {
        match self.0 {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => pending().await,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Waker},
    };

    /// Every limit, and more of those that are about as large as an `Instant` can be.
    fn limit() -> impl Strategy<Value = Duration> {
        let near_the_end = (0..200_000_000_u64).prop_map(|less| i64::MAX as u64 - less);
        let seconds = prop_oneof![any::<u64>(), near_the_end, 0..10_u64];
        (seconds, 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
    }

    proptest! {
        #[test]
        fn no_limit_is_too_large(limit in limit()) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let now = Instant::now();
            let deadline = Deadline::after(now, limit);
            prop_assert_eq!(deadline.rest(now).unwrap_or(limit), limit);
            runtime.unwrap().block_on(async {
                let mut reached = pin!(deadline.reached());
                let _ = reached.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            });
        }
    }

    #[test]
    fn a_limit_beyond_the_clock_is_none() {
        assert_eq!(Deadline::from_now(Duration::MAX), Deadline::NEVER);
        assert_eq!(Deadline::from_now(Duration::from_secs(i64::MAX as u64)), Deadline::NEVER);
        assert!(Deadline::from_now(Duration::from_secs(1)).instant().is_some());
    }
}
