//! Waiting for those who are at work, as long as something moves.

use super::{BenchError, clients::Does, crew::Crew, tally::Tally};
use crate::bench::Case;
use std::{
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

/// For so long nothing may move. Whoever sends at a rate may have longer to wait.
const STALLED: Duration = Duration::from_secs(5);

/// How often is looked whether something has moved.
const GLANCE: Duration = Duration::from_millis(250);

/// The workers of a crew, and what they have reported.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    crew: &'a Crew,
    pub(super) tallies: Vec<Tally>,
    limit: Duration,
    foreign: bool,
    moved: (u64, Instant),
}

impl<'a> Waiting<'a> {
    pub(super) fn new(crew: &'a Crew, case: &Case, server: Does) -> Self {
        let interval = case.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(case.clients as f64 / rate as f64)
        });
        Self {
            crew,
            tallies: Vec::new(),
            limit: STALLED + interval,
            foreign: server != Does::Whatever,
            moved: (0, Instant::now()),
        }
    }

    /// Until then, if there is such a moment, or until all have reported.
    pub(super) fn until(&mut self, deadline: Option<Instant>) -> anyhow::Result<()> {
        while self.tallies.len() < self.crew.len() {
            let now = Instant::now();
            let left = deadline.map_or(GLANCE, |deadline| deadline.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(());
            }
            match self.crew.reports().recv_timeout(left.min(GLANCE)) {
                Ok(tally) => self.tallies.push(tally?),
                Err(RecvTimeoutError::Timeout) => self.look(now)?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(BenchError::WorkerDied.into());
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, now: Instant) -> anyhow::Result<()> {
        let messages = self.crew.messages();
        if messages != self.moved.0 {
            self.moved = (messages, now);
        } else if now - self.moved.1 > self.limit {
            return Err(BenchError::Stalled { after: self.limit, foreign: self.foreign }.into());
        }
        Ok(())
    }
}
