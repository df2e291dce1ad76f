//! Sending at a given rate, whether answers have come or not.

use crate::bench::Api;
use std::{
    thread,
    time::{Duration, Instant},
};

/// When each message of a client is due, from the first one of the warm-up to the last one.
#[derive(Copy, Clone, Debug)]
pub(super) struct Timetable {
    /// When the first one is due.
    start: Instant,
    /// When the warm-up is over, and when everything is.
    measured: (Instant, Instant),
    /// Nanoseconds between two messages.
    interval: f64,
    /// The first message after the warm-up.
    first: u64,
    /// How many there are in all.
    count: u64,
    api: Api,
}

/// What several clients send together; they take turns.
#[derive(Copy, Clone, Debug)]
pub(super) struct SendRate {
    pub(super) per_second: u64,
    pub(super) clients: usize,
    pub(super) warmup: Duration,
    pub(super) measured: Duration,
    pub(super) api: Api,
}

/// A system that is asked to sleep may sleep longer by about that much; with tokio, whose
/// clock has milliseconds, by two of them.
const LATE_THREAD: Duration = Duration::from_micros(100);
const LATE_TASK: Duration = Duration::from_millis(2);

/// How much later than planned the last message may be sent: a hundredth of the time, and
/// as much as a process may have to wait for its CPU.
const GRACE: Duration = Duration::from_millis(50);

impl SendRate {
    /// What one of the clients sends, which has a limit of its own or the time as its limit.
    pub(super) fn timetable(&self, start: Instant, client: usize, limit: Option<u64>) -> Timetable {
        let turn = 1e9 / self.per_second as f64;
        let offset = turn * client as f64;
        let interval = turn * self.clients as f64;
        // Those that are due before a moment.
        let due_by = |time: Duration| ((time.as_nanos() as f64 - offset) / interval).ceil() as u64;
        let first = due_by(self.warmup);
        let count = match limit {
            Some(limit) => first.saturating_add(limit),
            None => due_by(self.warmup.saturating_add(self.measured)),
        };
        let after = |time: Duration| start.checked_add(time).unwrap_or(start);
        let mut timetable = Timetable {
            start: after(Duration::from_nanos(offset as u64)),
            measured: (after(self.warmup), after(self.warmup.saturating_add(self.measured))),
            interval,
            first,
            count,
            api: self.api,
        };
        if limit.is_some() {
            timetable.measured.1 = timetable.due(count);
        }
        timetable
    }
}

impl Timetable {
    /// The first message after the warm-up.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// How many messages there are in all.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// When the message is due.
    pub(super) fn due(&self, number: u64) -> Instant {
        let nanos = Duration::from_nanos((number as f64 * self.interval) as u64);
        self.start.checked_add(nanos).unwrap_or(self.start)
    }

    /// From when to when it is measured.
    pub(super) fn measured(&self) -> (Instant, Instant) {
        self.measured
    }

    /// When it is clear that the rate cannot be kept.
    pub(super) fn is_missed_by(&self) -> Instant {
        let (start, end) = self.measured;
        let grace = (end.saturating_duration_since(start) / 100).max(GRACE);
        end.checked_add(grace).unwrap_or(end)
    }

    /// Waits until the message is due: asleep while there is much time, and then awake, since
    /// sleeping is not exact.
    pub(super) async fn wait_for(&self, number: u64) {
        let due = self.due(number);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            match self.api {
                _ if left.is_zero() => return,
                Api::Sync if left > LATE_THREAD => thread::sleep(left - LATE_THREAD),
                Api::Sync => thread::yield_now(),
                Api::Tokio if left > LATE_TASK => tokio::time::sleep(left - LATE_TASK).await,
                Api::Tokio => tokio::task::yield_now().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(per_second: u64, clients: usize) -> SendRate {
        let warmup = SECOND / 2;
        SendRate { per_second, clients, warmup, measured: SECOND, api: Api::Sync }
    }

    #[test]
    fn clients_take_turns() {
        let start = Instant::now();
        let table = |client| rate(1000, 4).timetable(start, client, None);
        let micros = |client, number| (table(client).due(number) - start).as_micros();
        assert_eq!((micros(0, 0), micros(1, 0), micros(3, 0)), (0, 1000, 3000));
        assert_eq!((micros(0, 1), micros(1, 1), micros(0, 250)), (4000, 5000, 1_000_000));
    }

    #[test]
    fn what_is_due_in_the_time_is_sent() {
        let start = Instant::now();
        let table = rate(1000, 1).timetable(start, 0, None);
        assert_eq!((table.first(), table.count()), (500, 1500));
        assert_eq!(table.measured(), (start + SECOND / 2, start + SECOND * 3 / 2));
        // Clients with a later turn may have one less.
        let tables = [0, 1, 2].map(|client| rate(10, 3).timetable(start, client, None));
        let counts = tables.map(|table| table.count() - table.first());
        assert_eq!(counts.iter().sum::<u64>(), 10, "{counts:?}");
        // With so many that some have nothing to send, it takes no longer.
        let last = rate(10, 100).timetable(start, 99, None);
        assert_eq!(last.count() - last.first(), 0);
        assert_eq!(last.measured().1, start + SECOND * 3 / 2);
    }

    #[test]
    fn a_limit_is_one_of_messages_after_the_warm_up() {
        let table = rate(1000, 1).timetable(Instant::now(), 0, Some(7));
        assert_eq!((table.first(), table.count()), (500, 507));
        let table = rate(u64::MAX, 1).timetable(Instant::now(), 0, Some(u64::MAX));
        assert_eq!(table.count(), u64::MAX);
        table.is_missed_by();
    }

    #[test]
    fn a_hundredth_of_the_time_may_be_missed() {
        let start = Instant::now();
        let long = SendRate { measured: SECOND * 100, ..rate(1000, 1) }.timetable(start, 0, None);
        assert_eq!(long.is_missed_by(), long.measured().1 + SECOND);
        let short = rate(1000, 1).timetable(start, 0, None);
        assert_eq!(short.is_missed_by(), short.measured().1 + GRACE);
    }
}
