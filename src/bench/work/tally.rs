use super::phase::{RunPhase, SharedPhase};
use crate::bench::histogram;
use hdrhistogram::Histogram;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Totals of a worker.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// Including the warm-up.
    pub(super) all: MessageTotals,
    /// After the warm-up.
    pub(super) measured: MessageTotals,
    /// Times of the messages after the warm-up.
    pub(super) times: Option<Histogram<u64>>,
    /// Start of the measured time, if the worker has a timetable instead of the phase.
    pub(super) start: Option<Instant>,
    /// Time at which the worker finished.
    pub(super) end: Instant,
}

#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MessageTotals {
    pub(super) bytes: u64,
    pub(super) messages: u64,
}

/// The progress of a running worker.
#[derive(Debug)]
pub(super) struct WorkerProgress {
    phase: SharedPhase,
    /// Number of messages or bytes, for the thread that waits for the worker.
    pub(super) counter: Arc<AtomicU64>,
    /// Number of messages to send after the warm-up.
    limit: u64,
    all: MessageTotals,
    /// Totals at the end of the warm-up, once the worker has noticed it.
    warm_up: Option<MessageTotals>,
    times: Option<Histogram<u64>>,
}

impl WorkerProgress {
    /// Creates the progress of a worker that runs until the run is over.
    pub(super) fn new(phase: SharedPhase) -> Self {
        Self {
            phase,
            counter: Arc::default(),
            limit: u64::MAX,
            all: MessageTotals::default(),
            warm_up: None,
            times: None,
        }
    }

    /// Limits the number of messages after the warm-up.
    pub(super) fn limited(self, limit: Option<u64>) -> Self {
        Self { limit: limit.unwrap_or(u64::MAX), ..self }
    }

    /// Records the time of each message.
    pub(super) fn timed(self) -> Self {
        Self { times: Some(histogram()), ..self }
    }

    /// Returns whether to send another message. Has to be called before each one.
    pub(super) fn has_next(&mut self) -> bool {
        match self.phase.get() {
            RunPhase::WarmUp => true,
            RunPhase::Measured => {
                let warm_up = *self.warm_up.get_or_insert(self.all);
                self.all.messages - warm_up.messages < self.limit
            }
            RunPhase::Over => {
                self.warm_up.get_or_insert(self.all);
                false
            }
        }
    }

    /// Ends the warm-up for this worker, whatever the phase is.
    pub(super) fn end_warm_up(&mut self) {
        self.warm_up.get_or_insert(self.all);
    }

    /// Counts a message that has been sent.
    pub(super) fn add_message(&mut self, bytes: usize) {
        self.all.bytes += bytes as u64;
        self.all.messages += 1;
        self.counter.store(self.all.messages, Ordering::Relaxed);
    }

    /// Counts bytes that have arrived, of messages of `size` bytes.
    pub(super) fn add_bytes(&mut self, bytes: usize, size: usize) {
        self.all.bytes += bytes as u64;
        self.all.messages = self.all.bytes / size as u64;
        self.counter.store(self.all.bytes, Ordering::Relaxed);
    }

    /// Returns all bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.all.bytes
    }

    /// Records the time of a message, unless the warm-up is not over.
    pub(super) fn add_time(&mut self, time: Duration) {
        if let Some(times) = &mut self.times
            && self.warm_up.is_some()
        {
            times.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// Finishes the work now.
    pub(super) fn into_tally(self) -> Tally {
        let warm_up = self.warm_up.unwrap_or(self.all);
        let measured = MessageTotals {
            bytes: self.all.bytes - warm_up.bytes,
            messages: self.all.messages - warm_up.messages,
        };
        Tally { all: self.all, measured, times: self.times, start: None, end: Instant::now() }
    }
}

impl Tally {
    /// Sets the measured time, which was planned; the end may be later.
    pub(super) fn measured_within(self, (start, end): (Instant, Instant)) -> Self {
        Self { start: Some(start), end: self.end.max(end), ..self }
    }

    /// Removes the counts, because another worker counts the same messages.
    pub(super) fn without_counts(self) -> Self {
        Self { all: MessageTotals::default(), measured: MessageTotals::default(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(progress: &mut WorkerProgress, messages: usize) {
        for _ in 0..messages {
            assert!(progress.has_next());
            progress.add_message(10);
        }
    }

    #[test]
    fn messages_of_the_warm_up_are_not_counted() {
        let phase = SharedPhase::default();
        let mut progress = WorkerProgress::new(phase.clone());
        sent(&mut progress, 3);
        phase.set(RunPhase::Measured);
        sent(&mut progress, 2);
        phase.set(RunPhase::Over);
        assert!(!progress.has_next());
        let tally = progress.into_tally();
        assert_eq!(tally.all, MessageTotals { bytes: 50, messages: 5 });
        assert_eq!(tally.measured, MessageTotals { bytes: 20, messages: 2 });
    }

    #[test]
    fn a_limit_counts_messages_after_the_warm_up() {
        let phase = SharedPhase::default();
        let mut progress = WorkerProgress::new(phase.clone()).limited(Some(2));
        sent(&mut progress, 5);
        phase.set(RunPhase::Measured);
        sent(&mut progress, 2);
        assert!(!progress.has_next());
        assert_eq!(progress.into_tally().measured, MessageTotals { bytes: 20, messages: 2 });
    }

    #[test]
    fn a_run_without_a_measured_phase_counts_nothing() {
        let phase = SharedPhase::default();
        let mut progress = WorkerProgress::new(phase.clone());
        sent(&mut progress, 5);
        phase.set(RunPhase::Over);
        assert!(!progress.has_next());
        assert_eq!(progress.into_tally().measured, MessageTotals::default());
    }

    #[test]
    fn times_of_the_warm_up_are_not_recorded() {
        let phase = SharedPhase::default();
        let mut progress = WorkerProgress::new(phase.clone()).timed();
        sent(&mut progress, 1);
        progress.add_time(Duration::from_micros(1));
        phase.set(RunPhase::Measured);
        assert!(progress.has_next());
        progress.add_time(Duration::from_micros(2));
        let times = progress.into_tally().times;
        assert_eq!(times.map(|times| (times.len(), times.min())), Some((1, 2000)));
    }

    #[test]
    fn bytes_are_counted_as_whole_messages() {
        let phase = SharedPhase::default();
        let mut progress = WorkerProgress::new(phase.clone());
        progress.has_next();
        progress.add_bytes(25, 10);
        phase.set(RunPhase::Measured);
        progress.has_next();
        progress.add_bytes(36, 10);
        let tally = progress.into_tally();
        assert_eq!(tally.all, MessageTotals { bytes: 61, messages: 6 });
        assert_eq!(tally.measured, MessageTotals { bytes: 36, messages: 4 });
    }
}
