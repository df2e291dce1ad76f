//! The clients of a run.

use super::{
    address::Address,
    crew::Crew,
    ends::Connection,
    loops::{self, Visit},
    pace::{Rate, Timetable},
    pattern::Pattern,
    phase::Phase,
    tally::Work,
};
use crate::bench::{Amount, Case, Workload};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What the server does with what it gets.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// What the workload needs: it is one of ours.
    Whatever,
    Echo,
    Discard,
}

/// What clients need to know.
#[derive(Debug)]
pub(super) struct Clients<'a> {
    pub(super) case: &'a Case,
    pub(super) amount: Amount,
    pub(super) server: Does,
    pub(super) phase: Phase,
    pub(super) warmup: Duration,
}

/// Until the first message of a timetable, so that everybody is ready: that long, and so much
/// longer for each client.
const LEAD: Duration = Duration::from_millis(2);
const LEAD_EACH: Duration = Duration::from_micros(100);

impl Clients<'_> {
    /// Puts clients with these connections to work.
    pub(super) fn start(
        &self,
        crew: &mut Crew,
        connections: Vec<Connection>,
    ) -> anyhow::Result<()> {
        let case = self.case;
        let pattern = Pattern::new(loops::buffer_size(case.size))?;
        let lead = u32::try_from(case.clients).map_or(LEAD, |clients| LEAD + LEAD_EACH * clients);
        let start = Instant::now() + lead;
        for (number, connection) in connections.into_iter().enumerate() {
            let (size, pattern) = (case.size, pattern.clone());
            match (case.workload, case.rate) {
                (Workload::Latency, None) => crew
                    .put_to_work(self.work(number).timed(), |work| {
                        loops::exchange(connection, pattern, size, work)
                    })?,
                (Workload::Latency, Some(rate)) => {
                    let timetable = self.rate(rate).timetable(start, number, self.limit(number));
                    self.paced(crew, connection, pattern, timetable)?;
                }
                _ if case.both_ways || self.server == Does::Echo => {
                    self.both_ways(crew, connection, pattern, number)?;
                }
                _ => crew.put_to_work(self.work(number), |work| {
                    loops::send(connection, pattern, size, work)
                })?,
            }
        }
        Ok(())
    }

    /// Puts clients to work that connect for themselves.
    pub(super) fn start_visits(&self, crew: &mut Crew, address: &Address) -> anyhow::Result<()> {
        let (case, pattern) = (self.case, Pattern::new(self.case.size)?);
        let kind = if self.server == Does::Discard { Visit::Silent } else { Visit::WithMessage };
        for number in 0..case.clients {
            crew.put_to_work(self.work(number).timed(), |work| {
                loops::visit(address.clone(), case.api, kind, pattern.clone(), case.size, work)
            })?;
        }
        Ok(())
    }

    /// A sender, and a receiver of what the server sends or sends back.
    fn both_ways(
        &self,
        crew: &mut Crew,
        connection: Connection,
        pattern: Pattern,
        number: usize,
    ) -> anyhow::Result<()> {
        let size = self.case.size;
        let Connection { reader, writer } = connection;
        let sent = Arc::default();
        let (others, answers) = (Arc::clone(&sent), pattern.clone());
        crew.put_to_work(self.work(number), |work| {
            loops::send_only(writer, pattern, size, work, sent)
        })?;
        let work = Work::new(self.phase.clone());
        if self.case.both_ways {
            crew.put_to_work(work, |work| loops::receive(reader, None, answers, size, work))
        } else {
            crew.put_to_work(work, |work| loops::receive_back(reader, answers, size, work, others))
        }
    }

    /// A sender that keeps to a timetable, and a receiver of the answers.
    fn paced(
        &self,
        crew: &mut Crew,
        connection: Connection,
        pattern: Pattern,
        timetable: Timetable,
    ) -> anyhow::Result<()> {
        let (size, answers) = (self.case.size, pattern.clone());
        let Connection { reader, writer } = connection;
        let work = || Work::new(self.phase.clone());
        crew.put_to_work(work(), |work| loops::send_paced(writer, pattern, timetable, size, work))?;
        crew.put_to_work(work().timed(), |work| {
            loops::receive_timed(reader, answers, timetable, size, work)
        })
    }

    fn rate(&self, per_second: u64) -> Rate {
        let measured = match self.amount {
            Amount::Time(time) => time,
            Amount::Bytes(_) | Amount::Messages(_) | Amount::UntilClientsEnd => Duration::ZERO,
        };
        let Case { clients, api, .. } = *self.case;
        Rate { per_second, clients, warmup: self.warmup, measured, api }
    }

    fn work(&self, client: usize) -> Work {
        Work::new(self.phase.clone()).limited(self.limit(client))
    }

    /// One client's part of what all of them send after the warm-up, if that is limited.
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
