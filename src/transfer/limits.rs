use super::EarlyEnd;
use std::time::Duration;

/// The time limits of a transfer.
#[derive(Copy, Clone, Debug)]
pub(crate) struct TimeLimits {
    pub(crate) idle: Option<Duration>,
    pub(crate) linger: Option<Duration>,
}

impl TimeLimits {
    /// Returns the limit that is reached first, and the time until then: zero if it is reached now.
    ///
    /// `idle_time` is the time since the last delivered byte. `waited` is the time that the
    /// remaining direction has waited for input since the other one ended; `None` while that time
    /// does not count.
    pub(crate) fn next(
        self,
        idle_time: Duration,
        waited: Option<Duration>,
    ) -> Option<(Duration, EarlyEnd)> {
        let idle = self.idle.map(|limit| (limit.saturating_sub(idle_time), EarlyEnd::Idle(limit)));
        let linger = self.linger.zip(waited);
        let linger = linger.map(|(limit, waited)| (limit.saturating_sub(waited), EarlyEnd::Linger));
        [idle, linger].into_iter().flatten().min_by_key(|(rest, _)| *rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(10);
    const LINGER: Duration = Duration::from_secs(3);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn without_limits_there_is_no_end() {
        let limits = TimeLimits { idle: None, linger: None };
        assert_eq!(limits.next(Duration::MAX, Some(Duration::MAX)), None);
    }

    #[test]
    fn the_limit_that_is_reached_first_counts() {
        let limits = TimeLimits { idle: Some(IDLE), linger: Some(LINGER) };
        let idle = EarlyEnd::Idle(IDLE);
        assert_eq!(limits.next(SECOND, None), Some((9 * SECOND, idle)));
        assert_eq!(limits.next(SECOND, Some(SECOND)), Some((2 * SECOND, EarlyEnd::Linger)));
        assert_eq!(limits.next(9 * SECOND, Some(SECOND)), Some((SECOND, idle)));
    }

    #[test]
    fn a_limit_that_has_passed_is_reached_now() {
        let limits = TimeLimits { idle: None, linger: Some(LINGER) };
        assert_eq!(limits.next(Duration::MAX, None), None);
        assert_eq!(limits.next(IDLE, Some(LINGER)), Some((Duration::ZERO, EarlyEnd::Linger)));
        assert_eq!(limits.next(IDLE, Some(IDLE)), Some((Duration::ZERO, EarlyEnd::Linger)));
    }
}
