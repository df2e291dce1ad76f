//! What the server of a run does, in whichever process.

use super::{
    BenchError,
    address::Address,
    crew::{Crew, Report, Who},
    ends::Connection,
    listener::{ListenAt, Listener},
    loops,
    pattern::Pattern,
    phase::{Part, Phase},
    tally::Work,
    unopened::Unopened,
};
use crate::bench::{Case, Workload};
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// What a server is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) case: Case,
    /// Where clients connect to; otherwise the one connection is given.
    pub(super) at: Option<ListenAt>,
    /// The CPU that it keeps to.
    pub(super) cpu: Option<usize>,
}

/// A server at work.
#[derive(Debug)]
pub(super) struct Server {
    crew: Crew,
    /// How many workers are going to report.
    workers: usize,
    listener: Option<Arc<Listener>>,
    visits: Arc<Visits>,
}

/// What came to a server in all, with what came in the warm-up.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Served {
    pub(super) bytes: u64,
    /// Only of connections that were counted one by one.
    pub(super) connections: u64,
}

#[derive(Debug, Default)]
struct Visits {
    count: AtomicU64,
    are_over: Phase,
}

/// How long the end of what clients have sent may take to arrive.
const LIMIT: Duration = Duration::from_secs(5);

impl Server {
    /// Begins, with the connections that are given or as soon as clients connect.
    pub(super) fn start(job: &Job, given: Vec<Unopened>) -> anyhow::Result<Self> {
        let Job { case, at, cpu } = job;
        let crew = Crew::new(case.api, cpu.as_slice())?;
        let per_connection = if case.both_ways { 2 } else { 1 };
        let workers = match case.workload {
            Workload::Connect => 0,
            _ => case.clients * per_connection,
        };
        let mut server = Self { crew, workers, listener: None, visits: Arc::default() };
        let (who, report) = (server.crew.who().clone(), server.crew.report());
        let pattern = Pattern::new(loops::buffer_size(case.size))?;
        for ends in given {
            let api = case.api;
            let connection = who.run(async move { ends.open(api) })?;
            serve(case, connection, &pattern, &who, &report)?;
        }
        if let Some(at) = at.clone() {
            let api = case.api;
            let listener = who.run(async move { Listener::bind(&at, api).await })?;
            let listener = Arc::new(listener);
            server.listener = Some(Arc::clone(&listener));
            let (done, _) = mpsc::channel();
            let visits = Arc::clone(&server.visits);
            let (case, to) = (case.clone(), report.clone());
            let again = who.clone();
            let accept = async move {
                let accepted = match case.workload {
                    Workload::Connect => be_visited(&listener, &case, &again, &to, &visits).await,
                    _ => accept(&listener, &case, &pattern, &again, &to).await,
                };
                if let Err(error) = accepted
                    && visits.are_over.part() != Part::Over
                {
                    let _ = to.send(Err(error));
                }
            };
            who.spawn(accept, done)?;
        }
        Ok(server)
    }

    /// Where clients connect to, if they do.
    pub(super) fn address(&self) -> anyhow::Result<Option<Address>> {
        self.listener.as_ref().map(|listener| listener.address()).transpose()
    }

    /// The clients have sent everything: waits until it has arrived.
    pub(super) fn finish(self) -> anyhow::Result<Served> {
        self.visits.are_over.set(Part::Over);
        if self.workers == 0
            && let Some(listener) = &self.listener
        {
            listener.close();
        }
        let mut served = Served::default();
        let deadline = Instant::now() + LIMIT;
        for _ in 0..self.workers {
            let left = deadline.saturating_duration_since(Instant::now());
            let tally = self.crew.reports().recv_timeout(left);
            served.bytes += tally.map_err(|_| BenchError::WorkerDied)??.all.bytes;
        }
        // Of those that were not waited for.
        while let Ok(report) = self.crew.reports().try_recv() {
            report?;
        }
        served.connections = self.visits.count.load(Ordering::Relaxed);
        Ok(served)
    }
}

/// Accepts all clients.
async fn accept(
    listener: &Listener,
    case: &Case,
    pattern: &Pattern,
    who: &Who,
    report: &Report,
) -> anyhow::Result<()> {
    for _ in 0..case.clients {
        serve(case, listener.accept().await?.split(), pattern, who, report)?;
    }
    Ok(())
}

/// Puts the workers of a connection to work.
fn serve(
    case: &Case,
    connection: Connection,
    pattern: &Pattern,
    who: &Who,
    report: &Report,
) -> anyhow::Result<()> {
    let (size, pattern) = (case.size, pattern.clone());
    let work = Work::new(Phase::default());
    let report = report.clone();
    match case.workload {
        Workload::Latency => who.spawn(loops::answer_messages(connection, size, work), report),
        _ if case.both_ways => {
            let Connection { reader, writer } = connection;
            // It sends as long as the client does.
            let phase = Phase::default();
            let sends = Work::new(phase.clone());
            let send = loops::send_only(writer, pattern.clone(), size, sends, Arc::default());
            let receive = async move {
                let result = loops::receive(reader, None, pattern, size, work).await;
                phase.set(Part::Over);
                result
            };
            who.spawn(send, report.clone())?;
            who.spawn(receive, report)
        }
        _ => {
            let Connection { reader, writer } = connection;
            who.spawn(loops::receive(reader, Some(writer), pattern, size, work), report)
        }
    }
}

/// Answers one message of each of any number of connections.
async fn be_visited(
    listener: &Listener,
    case: &Case,
    who: &Who,
    report: &Report,
    visits: &Arc<Visits>,
) -> anyhow::Result<()> {
    loop {
        let connection = listener.accept().await?;
        if visits.are_over.part() == Part::Over {
            return Ok(());
        }
        let (size, seen) = (case.size, Arc::clone(visits));
        let answer = async move {
            // Before it is answered, so that no client knows of more.
            loops::answer_once(connection, size, || {
                seen.count.fetch_add(1, Ordering::Relaxed);
            })
            .await
        };
        match who {
            Who::Threads { .. } => answer.await?,
            Who::EventLoop(handle) => {
                let report = report.clone();
                handle.spawn(async move {
                    if let Err(error) = answer.await {
                        let _ = report.send(Err(error));
                    }
                });
            }
        }
    }
}
