//! Waits for workers as long as they make progress.

use super::{BenchError, RunResult, tally::Tally, workers::Workers};
use crate::bench::{Case, ServerKind};
use std::{
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

/// Time without progress that is tolerated, in addition to the interval between messages and the
/// time of a large message.
pub(super) const STALL_LIMIT: Duration = Duration::from_secs(5);

const BYTES_PER_SECOND: u64 = 128 << 10;

/// The clients may take this part of a run's time in addition, to finish what they have sent.
const EXTRA_PART: u32 = 10;

/// Interval between checks of the progress.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Collects the tallies of workers, and fails if there is no progress.
#[derive(Debug)]
pub(super) struct StallWatch {
    pub(super) tallies: Vec<Tally>,
    limit: Duration,
    external: bool,
    last_progress: (u64, Instant),
}

impl StallWatch {
    pub(super) fn new(case: &Case, server: ServerKind) -> Self {
        let interval = case.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(case.clients as f64 / rate as f64)
        });
        // On a slow connection.
        let large_message = Duration::from_secs(case.size as u64 / BYTES_PER_SECOND);
        Self {
            tallies: Vec::new(),
            limit: STALL_LIMIT + interval + large_message,
            external: server.is_foreign(),
            last_progress: (0, Instant::now()),
        }
    }

    /// Waits until the deadline, if there is one, or until all workers have reported.
    pub(super) fn wait_until(
        &mut self,
        workers: &Workers,
        deadline: Option<Instant>,
    ) -> RunResult<()> {
        while self.tallies.len() < workers.count() {
            let now = Instant::now();
            let left =
                deadline.map_or(CHECK_INTERVAL, |deadline| deadline.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(());
            }
            match workers.receiver.recv_timeout(left.min(CHECK_INTERVAL)) {
                Ok(tally) => self.tallies.push(tally?),
                Err(RecvTimeoutError::Timeout) => self.check_progress(workers.progress(), now)?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(BenchError::WorkerDied);
                }
            }
        }
        Ok(())
    }

    /// Waits until all workers have reported, after the end of a run of a given time. A server that
    /// is slow, but not stalled, can need hours for what is in the buffers of the system.
    ///
    /// # Errors
    /// `Unfinished` if it takes longer than the tolerated time and a tenth of the run.
    pub(super) fn wait_for_rest(&mut self, workers: &Workers, run: Duration) -> RunResult<()> {
        let limit = self.limit.saturating_add(run / EXTRA_PART);
        self.wait_until(workers, Instant::now().checked_add(limit))?;
        if self.tallies.len() < workers.count() {
            return Err(BenchError::Unfinished { after: limit, external: self.external });
        }
        Ok(())
    }

    fn check_progress(&mut self, progress: u64, now: Instant) -> RunResult<()> {
        if progress != self.last_progress.0 {
            self.last_progress = (progress, now);
        } else if now - self.last_progress.1 > self.limit {
            return Err(BenchError::Stalled { after: self.limit, external: self.external });
        }
        Ok(())
    }
}
