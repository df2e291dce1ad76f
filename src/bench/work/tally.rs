use super::phase::{Live, Part, Phase};
use crate::bench::histogram;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// What a worker has done.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// In all, with the warm-up.
    pub(super) all: Count,
    /// Of that what came after the warm-up.
    pub(super) measured: Count,
    /// The times of messages after the warm-up.
    pub(super) times: Option<Histogram<u64>>,
    /// When it was done.
    pub(super) end: Instant,
}

#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) bytes: u64,
    pub(super) messages: u64,
}

/// The work of one worker, while it goes on.
#[derive(Debug)]
pub(super) struct Work {
    phase: Phase,
    live: Live,
    /// How many messages to send after the warm-up.
    limit: u64,
    all: Count,
    /// What had been done when the warm-up was over, as soon as that was noticed.
    warm_up: Option<Count>,
    times: Option<Histogram<u64>>,
}

impl Work {
    /// Until the run is over.
    pub(super) fn new(phase: Phase) -> Self {
        Self {
            phase,
            live: Live::default(),
            limit: u64::MAX,
            all: Count::default(),
            warm_up: None,
            times: None,
        }
    }

    /// Until then, or until so many messages have been sent after the warm-up.
    pub(super) fn limited(self, limit: Option<u64>) -> Self {
        Self { limit: limit.unwrap_or(u64::MAX), ..self }
    }

    /// With messages that are timed.
    pub(super) fn timed(self) -> Self {
        Self { times: Some(histogram()), ..self }
    }

    /// How far it is, while it goes on.
    pub(super) fn live(&self) -> Live {
        self.live.clone()
    }

    /// Whether there is another message to send. To be asked before each of them.
    pub(super) fn goes_on(&mut self) -> bool {
        match self.phase.part() {
            Part::WarmUp => true,
            Part::Measured => {
                let warm_up = *self.warm_up.get_or_insert(self.all);
                self.all.messages - warm_up.messages < self.limit
            }
            Part::Over => {
                self.warm_up.get_or_insert(self.all);
                false
            }
        }
    }

    /// Whether what is done now is measured.
    pub(super) fn is_measured(&self) -> bool {
        self.warm_up.is_some()
    }

    /// A message has been sent.
    pub(super) fn done(&mut self, bytes: usize) {
        self.all.bytes += bytes as u64;
        self.all.messages += 1;
        self.live.set(self.all.messages);
    }

    /// Bytes have come, of messages of that size.
    pub(super) fn moved(&mut self, bytes: usize, size: usize) {
        self.all.bytes += bytes as u64;
        self.all.messages = self.all.bytes / size as u64;
        self.live.set(self.all.bytes);
    }

    /// What has been moved in all.
    pub(super) fn bytes(&self) -> u64 {
        self.all.bytes
    }

    /// A message took that long.
    pub(super) fn took(&mut self, time: Duration) {
        if self.warm_up.is_some() {
            self.took_in_any_case(time);
        }
    }

    /// The same of one that is known to have been sent after the warm-up.
    pub(super) fn took_in_any_case(&mut self, time: Duration) {
        if let Some(times) = &mut self.times {
            times.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// It is done, now.
    pub(super) fn tally(self) -> Tally {
        let warm_up = self.warm_up.unwrap_or(self.all);
        let measured = Count {
            bytes: self.all.bytes - warm_up.bytes,
            messages: self.all.messages - warm_up.messages,
        };
        Tally { all: self.all, measured, times: self.times, end: Instant::now() }
    }
}

impl Tally {
    /// Of nothing yet.
    pub(super) fn empty() -> Self {
        let (all, measured) = (Count::default(), Count::default());
        Self { all, measured, times: None, end: Instant::now() }
    }

    /// Of work that is counted by another worker.
    pub(super) fn of_nothing(self) -> Self {
        Self { all: Count::default(), measured: Count::default(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(work: &mut Work, messages: usize) {
        for _ in 0..messages {
            assert!(work.goes_on());
            work.done(10);
        }
    }

    #[test]
    fn what_was_sent_in_the_warm_up_is_not_measured() {
        let phase = Phase::default();
        let mut work = Work::new(phase.clone());
        sent(&mut work, 3);
        phase.set(Part::Measured);
        sent(&mut work, 2);
        phase.set(Part::Over);
        assert!(!work.goes_on());
        let tally = work.tally();
        assert_eq!(tally.all, Count { bytes: 50, messages: 5 });
        assert_eq!(tally.measured, Count { bytes: 20, messages: 2 });
    }

    #[test]
    fn a_limit_is_one_of_messages_after_the_warm_up() {
        let phase = Phase::default();
        let mut work = Work::new(phase.clone()).limited(Some(2));
        sent(&mut work, 5);
        phase.set(Part::Measured);
        sent(&mut work, 2);
        assert!(!work.goes_on());
        assert_eq!(work.tally().measured, Count { bytes: 20, messages: 2 });
    }

    #[test]
    fn a_run_that_is_over_before_it_began_has_nothing() {
        let phase = Phase::default();
        let mut work = Work::new(phase.clone());
        sent(&mut work, 5);
        phase.set(Part::Over);
        assert!(!work.goes_on());
        assert_eq!(work.tally().measured, Count::default());
    }

    #[test]
    fn times_of_the_warm_up_are_not_kept() {
        let phase = Phase::default();
        let mut work = Work::new(phase.clone()).timed();
        sent(&mut work, 1);
        work.took(Duration::from_micros(1));
        phase.set(Part::Measured);
        assert!(work.goes_on());
        work.took(Duration::from_micros(2));
        let times = work.tally().times;
        assert_eq!(times.map(|times| (times.len(), times.min())), Some((1, 2000)));
    }

    #[test]
    fn bytes_that_come_in_pieces_are_as_many_messages_as_they_would_make() {
        let phase = Phase::default();
        let mut work = Work::new(phase.clone());
        work.goes_on();
        work.moved(25, 10);
        phase.set(Part::Measured);
        work.goes_on();
        work.moved(36, 10);
        let tally = work.tally();
        assert_eq!(tally.all, Count { bytes: 61, messages: 6 });
        assert_eq!(tally.measured, Count { bytes: 36, messages: 4 });
    }
}
