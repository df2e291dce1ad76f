//! Timetables for sending at a given rate, whether answers have arrived or not.

use super::{BenchError, RunResult};
use crate::bench::Api;
use std::{
    thread,
    time::{Duration, Instant},
};

/// The due times of a client's messages, from the first one of the warm-up.
#[derive(Copy, Clone, Debug)]
pub(super) struct Timetable {
    /// Due time of the first message.
    start: Instant,
    /// End of the warm-up and end of the run.
    pub(super) measured: (Instant, Instant),
    /// Nanoseconds between two messages.
    interval: f64,
    /// Number of the first message after the warm-up.
    pub(super) first: u64,
    /// Number of messages, with the warm-up.
    pub(super) count: u64,
    rate: SendRate,
}

/// The rate of several clients together, which send in turn.
#[derive(Copy, Clone, Debug)]
pub(super) struct SendRate {
    pub(super) per_second: u64,
    pub(super) clients: usize,
    pub(super) warmup: Duration,
    pub(super) measured: Duration,
    pub(super) api: Api,
}

/// How much longer than requested a system may sleep: a thread about 100 µs; a task of tokio,
/// whose timers have a resolution of 1 ms, up to 2 ms.
const LATE_THREAD: Duration = Duration::from_micros(100);
const LATE_TASK: Duration = Duration::from_millis(2);

/// Minimum delay of the last message that is tolerated. In long runs a hundredth of the run is
/// tolerated.
const GRACE: Duration = Duration::from_millis(50);

/// Decides whether a sender misses its rate. A sender that is too slow falls behind more and more;
/// one that was delayed, for example because it waited for its CPU, sends its late messages faster
/// than they were due.
#[derive(Debug)]
pub(super) struct RateCheck {
    timetable: Timetable,
    tolerated_until: Instant,
    /// The first check after the tolerated delay, and the number of messages sent by then.
    overdue: Option<(Instant, u64)>,
}

impl SendRate {
    /// Returns the timetable of one client, which ends after `limit` messages or after the
    /// measured time.
    pub(super) fn timetable(&self, start: Instant, client: usize, limit: Option<u64>) -> Timetable {
        let turn = 1e9 / self.per_second as f64;
        let offset = turn * client as f64;
        let interval = turn * self.clients as f64;
        // Number of messages that are due before a moment.
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
            rate: *self,
        };
        if limit.is_some() {
            timetable.measured.1 = timetable.due(count);
        }
        timetable
    }
}

impl Timetable {
    /// Returns the due time of a message.
    pub(super) fn due(&self, number: u64) -> Instant {
        self.start.checked_add(self.time_of(number)).unwrap_or(self.start)
    }

    /// Returns the time that this number of messages takes at the rate.
    fn time_of(&self, messages: u64) -> Duration {
        Duration::from_nanos((messages as f64 * self.interval) as u64)
    }

    /// Returns the end of the tolerated delay.
    fn tolerated_until(&self) -> Instant {
        let (start, end) = self.measured;
        let grace = (end.saturating_duration_since(start) / 100).max(GRACE);
        end.checked_add(grace).unwrap_or(end)
    }

    /// Waits until a message is due: sleeps first and then polls the clock, because sleeping is
    /// not exact.
    pub(super) async fn wait_for(&self, number: u64) {
        let due = self.due(number);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            match self.rate.api {
                _ if left.is_zero() => return,
                Api::Sync if left > LATE_THREAD => thread::sleep(left - LATE_THREAD),
                Api::Sync => thread::yield_now(),
                Api::Tokio if left > LATE_TASK => tokio::time::sleep(left - LATE_TASK).await,
                Api::Tokio => tokio::task::yield_now().await,
            }
        }
    }
}

impl RateCheck {
    pub(super) fn new(timetable: Timetable) -> Self {
        Self { timetable, tolerated_until: timetable.tolerated_until(), overdue: None }
    }

    /// Fails with `RateMissed` if the rate is missed. Has to be called before each message and after
    /// the last one.
    pub(super) fn check(&mut self, sent: u64) -> RunResult<()> {
        if !self.is_missed(sent, Instant::now()) {
            return Ok(());
        }
        let SendRate { per_second, clients, .. } = self.timetable.rate;
        let seconds = self.timetable.due(0).elapsed().as_secs_f64();
        let reached = (sent as f64 * clients as f64 / seconds) as u64;
        Err(BenchError::RateMissed { asked: per_second, reached })
    }

    fn is_missed(&mut self, sent: u64, now: Instant) -> bool {
        if now <= self.tolerated_until {
            return false;
        }
        let table = &self.timetable;
        let (since, sent_before) = *self.overdue.get_or_insert((now, sent));
        // A few messages do not show how fast the sender is, unless they are all that is left.
        let least = table.time_of(table.count - sent_before).min(GRACE);
        now - since > table.time_of(sent - sent_before).max(least)
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
    fn all_messages_that_are_due_are_sent() {
        let start = Instant::now();
        let table = rate(1000, 1).timetable(start, 0, None);
        assert_eq!((table.first, table.count), (500, 1500));
        assert_eq!(table.measured, (start + SECOND / 2, start + SECOND * 3 / 2));
        // Clients with a later turn may have one message less.
        let tables = [0, 1, 2].map(|client| rate(10, 3).timetable(start, client, None));
        let counts = tables.map(|table| table.count - table.first);
        assert_eq!(counts.iter().sum::<u64>(), 10, "{counts:?}");
        // Clients without any message do not take longer.
        let last = rate(10, 100).timetable(start, 99, None);
        assert_eq!(last.count - last.first, 0);
        assert_eq!(last.measured.1, start + SECOND * 3 / 2);
    }

    #[test]
    fn a_limit_counts_messages_after_the_warm_up() {
        let table = rate(1000, 1).timetable(Instant::now(), 0, Some(7));
        assert_eq!((table.first, table.count), (500, 507));
        let table = rate(u64::MAX, 1).timetable(Instant::now(), 0, Some(u64::MAX));
        assert_eq!(table.count, u64::MAX);
        table.tolerated_until();
    }

    #[test]
    fn a_delay_of_a_hundredth_is_tolerated() {
        let start = Instant::now();
        let long = SendRate { measured: SECOND * 100, ..rate(1000, 1) }.timetable(start, 0, None);
        assert_eq!(long.tolerated_until(), long.measured.1 + SECOND);
        let short = rate(1000, 1).timetable(start, 0, None);
        assert_eq!(short.tolerated_until(), short.measured.1 + GRACE);
    }

    const MILLISECOND: Duration = Duration::from_millis(1);

    /// Checks a sender that begins `delay` late and takes `each` for a message.
    fn is_missed(table: Timetable, delay: Duration, each: Duration) -> bool {
        let mut check = RateCheck::new(table);
        let mut now = table.due(0) + delay;
        for sent in 0..table.count {
            now = now.max(table.due(sent));
            if check.is_missed(sent, now) {
                return true;
            }
            now += each;
        }
        check.is_missed(table.count, now)
    }

    #[test]
    fn a_sender_that_is_too_slow_misses_the_rate() {
        let table = rate(1000, 1).timetable(Instant::now(), 0, None);
        // The last of 1500 messages is late by 45 ms, 60 ms and 13.5 s.
        assert!(!is_missed(table, Duration::ZERO, MILLISECOND.mul_f64(1.03)));
        assert!(is_missed(table, Duration::ZERO, MILLISECOND.mul_f64(1.04)));
        assert!(is_missed(table, Duration::ZERO, MILLISECOND * 10));
        let table = rate(20, 1).timetable(Instant::now(), 0, Some(4));
        assert!(!is_missed(table, Duration::ZERO, MILLISECOND * 50));
        assert!(is_missed(table, Duration::ZERO, MILLISECOND * 70));
    }

    #[test]
    fn a_sender_that_was_delayed_keeps_the_rate() {
        for table in [
            rate(20, 1).timetable(Instant::now(), 0, Some(4)),
            rate(1000, 1).timetable(Instant::now(), 0, None),
            rate(1_000_000, 4).timetable(Instant::now(), 2, None),
        ] {
            let each = table.time_of(1).mul_f64(0.9);
            for delay in [SECOND / 10, SECOND, SECOND * 100] {
                assert!(!is_missed(table, delay, each), "{table:?} {delay:?}");
            }
        }
    }
}
