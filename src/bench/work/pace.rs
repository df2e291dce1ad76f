//! Sending at a given rate, whether answers have come or not.

use crate::bench::Api;
use std::{
    thread,
    time::{Duration, Instant},
};

/// When each message is due.
#[derive(Copy, Clone, Debug)]
pub(super) struct Timetable {
    start: Instant,
    /// Nanoseconds between two messages.
    interval: f64,
    api: Api,
}

/// A system that is asked to sleep may sleep longer by about that much; with tokio, whose
/// clock has milliseconds, by two of them.
const LATE_THREAD: Duration = Duration::from_micros(100);
const LATE_TASK: Duration = Duration::from_millis(2);

impl Timetable {
    /// One of several clients' that send so many messages a second together; they take turns.
    pub(super) fn new(start: Instant, rate: u64, client: usize, clients: usize, api: Api) -> Self {
        let turn = 1e9 / rate as f64;
        let start = start + Duration::from_nanos((turn * client as f64) as u64);
        Self { start, interval: turn * clients as f64, api }
    }

    /// When the message is due.
    pub(super) fn due(&self, number: u64) -> Instant {
        self.start + Duration::from_nanos((number as f64 * self.interval) as u64)
    }

    /// How many messages are due by then.
    pub(super) fn count(&self, by: Instant) -> u64 {
        (by.saturating_duration_since(self.start).as_nanos() as f64 / self.interval) as u64
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

    #[test]
    fn clients_take_turns() {
        let start = Instant::now();
        let table = |client| Timetable::new(start, 1000, client, 4, Api::Sync);
        let micros = |client, number| (table(client).due(number) - start).as_micros();
        assert_eq!((micros(0, 0), micros(1, 0), micros(3, 0)), (0, 1000, 3000));
        assert_eq!((micros(0, 1), micros(1, 1), micros(0, 250)), (4000, 5000, 1_000_000));
    }

    #[test]
    fn what_is_due_is_counted() {
        let start = Instant::now();
        let table = Timetable::new(start, 100, 0, 1, Api::Sync);
        assert_eq!(table.count(start), 0);
        assert_eq!(table.count(start + Duration::from_millis(95)), 9);
        assert_eq!(table.count(start + Duration::from_secs(10)), 1000);
    }
}
