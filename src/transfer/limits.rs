use super::EarlyEnd;
use std::time::Duration;

/// The time limits of a transfer.
#[derive(Copy, Clone, Debug)]
pub(crate) struct TimeLimits {
    pub(crate) idle: Option<Duration>,
    pub(crate) linger: Option<Duration>,
    pub(crate) max_time: Option<Duration>,
}

/// The times of a transfer that are limited.
#[derive(Copy, Clone, Debug)]
pub(crate) struct TransferTimes {
    /// Time since both ends were connected.
    pub(crate) elapsed: Duration,
    /// Time since the last delivered byte.
    pub(crate) idle: Duration,
    /// Time that the remaining direction has waited for input since the other one ended; `None`
    /// while that time does not count.
    pub(crate) waited: Option<Duration>,
}

impl TimeLimits {
    /// Returns the limit that is reached first, and the time until then: zero if it is reached now.
    pub(crate) fn next(self, times: TransferTimes) -> Option<(Duration, EarlyEnd)> {
        let rest = |limit: Duration, time| limit.saturating_sub(time);
        let max_time = self.max_time.map(|it| (rest(it, times.elapsed), EarlyEnd::MaxTime(it)));
        let idle = self.idle.map(|it| (rest(it, times.idle), EarlyEnd::Idle(it)));
        let linger = self.linger.zip(times.waited);
        let linger = linger.map(|(it, waited)| (rest(it, waited), EarlyEnd::Linger));
        [max_time, idle, linger].into_iter().flatten().min_by_key(|(rest, _)| *rest)
    }

    /// Returns the time that is left for the delivery of what was sent, after a transfer that has
    /// ended by itself; `None` if there is no limit.
    pub(super) fn rest_for_delivery(self, elapsed: Duration) -> Option<Duration> {
        [self.rest_of_max_time(elapsed), self.idle, self.linger].into_iter().flatten().min()
    }

    /// Returns what is left of `--max-time`; `None` if there is no such limit.
    pub(super) fn rest_of_max_time(self, elapsed: Duration) -> Option<Duration> {
        self.max_time.map(|limit| limit.saturating_sub(elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(10);
    const LINGER: Duration = Duration::from_secs(3);
    const SECOND: Duration = Duration::from_secs(1);

    const NONE: TimeLimits = TimeLimits { idle: None, linger: None, max_time: None };

    fn times(elapsed: Duration, idle: Duration, waited: Option<Duration>) -> TransferTimes {
        TransferTimes { elapsed, idle, waited }
    }

    #[test]
    fn without_limits_there_is_no_end() {
        assert_eq!(NONE.next(times(Duration::MAX, Duration::MAX, Some(Duration::MAX))), None);
        assert_eq!(NONE.rest_for_delivery(Duration::MAX), None);
    }

    #[test]
    fn the_limit_that_is_reached_first_counts() {
        let limits = TimeLimits { idle: Some(IDLE), linger: Some(LINGER), ..NONE };
        let next = |idle, waited| limits.next(times(idle, idle, waited));
        let idle = EarlyEnd::Idle(IDLE);
        assert_eq!(next(SECOND, None), Some((9 * SECOND, idle)));
        assert_eq!(next(SECOND, Some(SECOND)), Some((2 * SECOND, EarlyEnd::Linger)));
        assert_eq!(next(9 * SECOND, Some(SECOND)), Some((SECOND, idle)));
        let limits = TimeLimits { max_time: Some(IDLE), ..limits };
        let next = |elapsed, idle| limits.next(times(elapsed, idle, None));
        assert_eq!(next(SECOND, Duration::ZERO), Some((9 * SECOND, EarlyEnd::MaxTime(IDLE))));
        assert_eq!(next(SECOND, 2 * SECOND), Some((8 * SECOND, idle)));
    }

    #[test]
    fn the_whole_time_passes_while_bytes_move() {
        let limits = TimeLimits { max_time: Some(IDLE), ..NONE };
        let next = |elapsed| limits.next(times(elapsed, Duration::ZERO, None));
        assert_eq!(next(9 * SECOND), Some((SECOND, EarlyEnd::MaxTime(IDLE))));
        assert_eq!(next(11 * SECOND), Some((Duration::ZERO, EarlyEnd::MaxTime(IDLE))));
        assert_eq!(limits.rest_for_delivery(9 * SECOND), Some(SECOND));
        assert_eq!(limits.rest_for_delivery(11 * SECOND), Some(Duration::ZERO));
    }

    #[test]
    fn a_limit_that_has_passed_is_reached_now() {
        let limits = TimeLimits { linger: Some(LINGER), ..NONE };
        let next = |waited| limits.next(times(IDLE, IDLE, waited));
        assert_eq!(next(None), None);
        assert_eq!(next(Some(LINGER)), Some((Duration::ZERO, EarlyEnd::Linger)));
        assert_eq!(next(Some(IDLE)), Some((Duration::ZERO, EarlyEnd::Linger)));
    }
}
