//! The clients of a run.

use super::{
    RunResult,
    address::ServerAddress,
    connection::SplitConnection,
    loops::{self, LoopPeer, VisitKind},
    pace::{SendRate, Timetable},
    pattern::Pattern,
    phase::SharedPhase,
    tally::WorkerProgress,
    workers::Workers,
};
use crate::bench::{Amount, Case, ServerBehaviour, ServerKind, Workload};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Starts the clients of a run.
#[derive(Debug)]
pub(super) struct Clients<'a> {
    pub(super) case: &'a Case,
    pub(super) amount: Amount,
    pub(super) server: ServerKind,
    pub(super) phase: SharedPhase,
    pub(super) warmup: Duration,
}

/// Time until the first due message, in which all workers become ready, and additional time per
/// client.
const LEAD: Duration = Duration::from_millis(2);
const LEAD_EACH: Duration = Duration::from_micros(100);

impl Clients<'_> {
    /// Starts one client per connection.
    pub(super) fn start(
        &self,
        workers: &mut Workers,
        connections: Vec<SplitConnection>,
    ) -> RunResult<()> {
        let case = self.case;
        let pattern = Pattern::new(loops::buffer_size(case.size))?;
        let lead = u32::try_from(case.clients).map_or(LEAD, |clients| LEAD + LEAD_EACH * clients);
        let start = Instant::now() + lead;
        for (number, connection) in connections.into_iter().enumerate() {
            let (size, pattern) = (case.size, pattern.clone());
            match (case.workload, case.rate) {
                (Workload::Latency, None) => workers
                    .spawn(self.progress(number).timed(), |progress| {
                        loops::exchange(connection, pattern, size, progress)
                    })?,
                (Workload::Latency, Some(rate)) => {
                    let timetable = self.rate(rate).timetable(start, number, self.limit(number));
                    self.paced(workers, connection, pattern, timetable)?;
                }
                _ if case.both_ways || self.server.behaviour() == Some(ServerBehaviour::Echo) => {
                    self.both_ways(workers, connection, pattern, number)?;
                }
                _ => workers.spawn(self.progress(number), |progress| {
                    loops::send(connection, pattern, size, progress)
                })?,
            }
        }
        Ok(())
    }

    /// Starts clients that connect for each message.
    pub(super) fn start_visits(
        &self,
        workers: &mut Workers,
        address: &ServerAddress,
    ) -> RunResult<()> {
        let (case, pattern) = (self.case, Pattern::new(self.case.size)?);
        let kind = match self.server.behaviour() {
            Some(ServerBehaviour::Discard) => VisitKind::Silent,
            Some(ServerBehaviour::Echo) | None => VisitKind::WithMessage,
        };
        for number in 0..case.clients {
            workers.spawn(self.progress(number).timed(), |progress| {
                loops::visit(address.clone(), case.api, kind, pattern.clone(), case.size, progress)
            })?;
        }
        Ok(())
    }

    /// Starts a sender, and a receiver of the bytes that the server sends or echoes.
    fn both_ways(
        &self,
        workers: &mut Workers,
        connection: SplitConnection,
        pattern: Pattern,
        number: usize,
    ) -> RunResult<()> {
        let size = self.case.size;
        let SplitConnection { reader, writer } = connection;
        let sent = Arc::default();
        let (sent_count, answers) = (Arc::clone(&sent), pattern.clone());
        workers.spawn(self.progress(number), |progress| {
            loops::send_only(writer, LoopPeer::Server, pattern, size, progress, sent)
        })?;
        let progress = WorkerProgress::new(self.phase.clone());
        if self.case.both_ways {
            workers.spawn(progress, |progress| {
                loops::receive(reader, LoopPeer::Server, None, answers, size, progress)
            })
        } else {
            workers.spawn(progress, |progress| {
                loops::receive_back(reader, answers, size, progress, sent_count)
            })
        }
    }

    /// Starts a sender with a timetable, and a receiver of the answers.
    fn paced(
        &self,
        workers: &mut Workers,
        connection: SplitConnection,
        pattern: Pattern,
        timetable: Timetable,
    ) -> RunResult<()> {
        let (size, answers) = (self.case.size, pattern.clone());
        let SplitConnection { reader, writer } = connection;
        let progress = || WorkerProgress::new(self.phase.clone());
        workers.spawn(progress(), |progress| {
            loops::send_paced(writer, pattern, timetable, size, progress)
        })?;
        workers.spawn(progress().timed(), |progress| {
            loops::receive_timed(reader, answers, timetable, size, progress)
        })
    }

    fn rate(&self, per_second: u64) -> SendRate {
        let measured = match self.amount {
            Amount::Time(time) => time,
            Amount::Bytes(_) | Amount::Messages(_) | Amount::UntilClientsEnd => Duration::ZERO,
        };
        let Case { clients, api, .. } = *self.case;
        SendRate { per_second, clients, warmup: self.warmup, measured, api }
    }

    fn progress(&self, client: usize) -> WorkerProgress {
        WorkerProgress::new(self.phase.clone()).limited(self.limit(client))
    }

    /// Returns a client's share of the messages after the warm-up, if their number is limited.
    fn limit(&self, client: usize) -> Option<u64> {
        let (clients, client) = (self.case.clients as u64, client as u64);
        let all = match self.amount {
            Amount::Time(_) | Amount::UntilClientsEnd => return None,
            Amount::Bytes(bytes) => bytes.div_ceil(self.case.size as u64),
            Amount::Messages(count) => count,
        };
        Some(all / clients + u64::from(client < all % clients))
    }
}
