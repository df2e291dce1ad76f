//! The clients of a run.

use super::{
    address::Address,
    crew::Crew,
    ends::Connection,
    loops::{self, Paced, Visit},
    pace::Timetable,
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
}

/// Until the first message of a timetable, so that everybody is ready.
const LEAD: Duration = Duration::from_millis(2);

impl Clients<'_> {
    /// Puts clients with these connections to work.
    pub(super) fn start(
        &self,
        crew: &mut Crew,
        connections: Vec<Connection>,
    ) -> anyhow::Result<()> {
        let case = self.case;
        let pattern = Pattern::new(loops::buffer_size(case.size));
        let start = Instant::now() + LEAD;
        for (number, connection) in connections.into_iter().enumerate() {
            let (size, pattern) = (case.size, pattern.clone());
            match (case.workload, case.rate) {
                (Workload::Latency, None) => crew.put_to_work(self.work().timed(), |work| {
                    loops::exchange(connection, pattern, size, work)
                })?,
                (Workload::Latency, Some(rate)) => {
                    let timetable = Timetable::new(start, rate, number, case.clients, case.api);
                    let paced = Paced::new(timetable, size);
                    paced_client(self, crew, connection, pattern, paced)?;
                }
                _ if case.both_ways || self.server == Does::Echo => {
                    self.both_ways(crew, connection, pattern)?;
                }
                _ => crew.put_to_work(self.work(), |work| {
                    loops::send(connection, pattern, size, work)
                })?,
            }
        }
        Ok(())
    }

    /// Puts clients to work that connect for themselves.
    pub(super) fn start_visits(&self, crew: &mut Crew, address: &Address) -> anyhow::Result<()> {
        let (case, pattern) = (self.case, Pattern::new(self.case.size));
        let kind = if self.server == Does::Discard { Visit::Silent } else { Visit::WithMessage };
        for _ in 0..case.clients {
            crew.put_to_work(self.work().timed(), |work| {
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
    ) -> anyhow::Result<()> {
        let size = self.case.size;
        let Connection { reader, writer } = connection;
        let sent = Arc::default();
        let (others, answers) = (Arc::clone(&sent), pattern.clone());
        crew.put_to_work(self.work(), |work| loops::send_only(writer, pattern, size, work, sent))?;
        let work = Work::new(self.phase.clone());
        if self.case.both_ways {
            crew.put_to_work(work, |work| loops::receive(reader, None, answers, size, work))
        } else {
            crew.put_to_work(work, |work| loops::receive_back(reader, answers, size, work, others))
        }
    }

    fn work(&self) -> Work {
        let clients = self.case.clients as u64;
        let limit = match self.amount {
            Amount::Time(_) | Amount::UntilClientsEnd => None,
            Amount::Bytes(bytes) => Some(bytes.div_ceil(self.case.size as u64).div_ceil(clients)),
            Amount::Messages(count) => Some(count.div_ceil(clients)),
        };
        Work::new(self.phase.clone()).limited(limit)
    }
}

fn paced_client(
    clients: &Clients<'_>,
    crew: &mut Crew,
    connection: Connection,
    pattern: Pattern,
    paced: Paced,
) -> anyhow::Result<()> {
    let Connection { reader, writer } = connection;
    let (other, answers) = (paced.clone(), pattern.clone());
    crew.put_to_work(clients.work(), |work| loops::send_paced(writer, pattern, paced, work))?;
    let work = Work::new(clients.phase.clone()).timed();
    crew.put_to_work(work, |work| loops::receive_timed(reader, answers, other, work))
}
