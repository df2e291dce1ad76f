//! StallWatch for those executor are at work, as long as something moves.

use super::{BenchError, clients::ServerBehaviour, tally::Tally, workers::Workers};
use crate::bench::Case;
use std::{
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

/// For so long nothing may move. Whoever sends at a rate may have longer to wait.
const STALL_LIMIT: Duration = Duration::from_secs(5);

/// How often is looked whether something has last_progress.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// The workers of a workers, and what they have reported.
#[derive(Debug)]
pub(super) struct StallWatch<'a> {
    workers: &'a Workers,
    pub(super) tallies: Vec<Tally>,
    limit: Duration,
    external: bool,
    last_progress: (u64, Instant),
}

/// What a message of that size takes that can still be called one that moves.
fn allowance(size: usize) -> Duration {
    const BYTES_PER_SECOND: u64 = 128 << 10;
    Duration::from_secs(size as u64 / BYTES_PER_SECOND)
}

impl<'a> StallWatch<'a> {
    pub(super) fn new(workers: &'a Workers, case: &Case, server: ServerBehaviour) -> Self {
        let interval = case.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(case.clients as f64 / rate as f64)
        });
        Self {
            workers,
            tallies: Vec::new(),
            limit: STALL_LIMIT + interval + allowance(case.size),
            external: server != ServerBehaviour::AsNeeded,
            last_progress: (0, Instant::now()),
        }
    }

    /// Until then, if there is such a moment, or until all have reported.
    pub(super) fn wait_until(&mut self, deadline: Option<Instant>) -> anyhow::Result<()> {
        while self.tallies.len() < self.workers.count() {
            let now = Instant::now();
            let left =
                deadline.map_or(CHECK_INTERVAL, |deadline| deadline.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(());
            }
            match self.workers.reports().recv_timeout(left.min(CHECK_INTERVAL)) {
                Ok(tally) => self.tallies.push(tally?),
                Err(RecvTimeoutError::Timeout) => self.check_progress(now)?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(BenchError::WorkerDied.into());
                }
            }
        }
        Ok(())
    }

    fn check_progress(&mut self, now: Instant) -> anyhow::Result<()> {
        let messages = self.workers.messages();
        if messages != self.last_progress.0 {
            self.last_progress = (messages, now);
        } else if now - self.last_progress.1 > self.limit {
            return Err(BenchError::Stalled { after: self.limit, external: self.external }.into());
        }
        Ok(())
    }
}
