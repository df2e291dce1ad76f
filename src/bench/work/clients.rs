//! The clients of a run.

use super::{
    RunResult,
    address::ServerAddress,
    connection::SplitConnection,
    loops::{self, Messages, VisitKind},
    pace::SendRate,
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
            let messages = self.messages(&pattern, number);
            match (case.workload, case.rate) {
                (Workload::Latency, None) => workers
                    .spawn(messages.timed(), |messages| loops::exchange(connection, messages))?,
                (Workload::Latency, Some(rate)) => {
                    let timetable = self.rate(rate).timetable(start, number, self.limit(number));
                    let SplitConnection { reader, writer } = connection;
                    workers.spawn(self.unlimited(&pattern), |messages| {
                        loops::send_paced(writer, timetable, messages)
                    })?;
                    workers.spawn(self.unlimited(&pattern).timed(), |messages| {
                        loops::receive_timed(reader, timetable, messages)
                    })?;
                }
                _ if case.both_ways || self.server.behaviour() == Some(ServerBehaviour::Echo) => {
                    self.both_ways(workers, connection, messages)?;
                }
                _ => workers.spawn(messages, |messages| loops::send(connection, messages))?,
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
        let (api, pattern) = (self.case.api, Pattern::new(self.case.size)?);
        let kind = match self.server.behaviour() {
            Some(ServerBehaviour::Discard) => VisitKind::Silent,
            Some(ServerBehaviour::Echo) | None => VisitKind::WithMessage,
        };
        for number in 0..self.case.clients {
            workers.spawn(self.messages(&pattern, number).timed(), |messages| {
                loops::visit(address.clone(), api, kind, messages)
            })?;
        }
        Ok(())
    }

    /// Starts a sender, and a receiver of the bytes that the server sends or echoes.
    fn both_ways(
        &self,
        workers: &mut Workers,
        connection: SplitConnection,
        messages: Messages,
    ) -> RunResult<()> {
        let SplitConnection { reader, writer } = connection;
        let answers = self.unlimited(&messages.pattern);
        let sent = Arc::default();
        let sent_count = Arc::clone(&sent);
        workers.spawn(messages, |messages| {
            loops::send_only(writer, loops::map_server_error, messages, sent)
        })?;
        if self.case.both_ways {
            workers.spawn(answers, |answers| {
                loops::receive(reader, loops::map_server_error, None, answers)
            })
        } else {
            workers.spawn(answers, |answers| loops::receive_back(reader, answers, sent_count))
        }
    }

    fn rate(&self, per_second: u64) -> SendRate {
        let measured = match self.amount {
            Amount::Time(time) => time,
            Amount::Bytes(_) | Amount::Messages(_) | Amount::UntilClientsEnd => Duration::ZERO,
        };
        let Case { clients, api, .. } = *self.case;
        SendRate { per_second, clients, warmup: self.warmup, measured, api }
    }

    /// Returns the messages that a client sends.
    fn messages(&self, pattern: &Pattern, client: usize) -> Messages {
        let Messages { size, pattern, progress } = self.unlimited(pattern);
        Messages { size, pattern, progress: progress.limited(self.limit(client)) }
    }

    /// Returns messages that end with the run or the connection.
    fn unlimited(&self, pattern: &Pattern) -> Messages {
        let progress = WorkerProgress::new(self.phase.clone());
        Messages { size: self.case.size, pattern: pattern.clone(), progress }
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
