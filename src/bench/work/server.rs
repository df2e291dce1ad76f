//! The server of a run, in a separate process or in that of the clients.

use super::{
    BenchError, RunResult,
    address::ServerAddress,
    connection::SplitConnection,
    listener::{BenchListener, ListenAddress},
    loops::{self, LoopPeer, Messages},
    pattern::Pattern,
    phase::{RunPhase, SharedPhase},
    tally::WorkerProgress,
    unopened_end::UnopenedEnd,
    workers::{Executor, TallySender, Workers},
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

/// Tells a server what to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ServerJob {
    pub(super) case: Case,
    /// Where to listen; `None` if the only connection is passed to the server.
    pub(super) listen: Option<ListenAddress>,
    /// CPU that the server is pinned to.
    pub(super) cpu: Option<usize>,
}

/// A server that serves the clients of a run.
#[derive(Debug)]
pub(super) struct WorkloadServer {
    workers: Workers,
    /// Number of tallies that workers will send.
    expected_tallies: usize,
    listener: Option<Arc<BenchListener>>,
    visits: Arc<Visits>,
}

/// What a server has received, including the warm-up.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServedTotals {
    pub(super) bytes: u64,
    /// Counted for the workload `connect` only.
    pub(super) connections: u64,
}

#[derive(Debug, Default)]
struct Visits {
    count: AtomicU64,
    phase: SharedPhase,
}

/// Time limit for the arrival of the last bytes.
const LIMIT: Duration = Duration::from_secs(5);

impl WorkloadServer {
    /// Starts to serve the given connections and to accept clients.
    pub(super) fn start(job: &ServerJob, given: Vec<UnopenedEnd>) -> RunResult<Self> {
        let ServerJob { case, listen, cpu } = job;
        let workers = Workers::new(case.api, cpu.as_slice())?;
        let per_connection = if case.both_ways { 2 } else { 1 };
        let expected_tallies = match case.workload {
            Workload::Connect => 0,
            _ => case.clients * per_connection,
        };
        let mut server = Self { workers, expected_tallies, listener: None, visits: Arc::default() };
        let (executor, sender) = (server.workers.executor.clone(), server.workers.sender.clone());
        let pattern = Pattern::new(loops::buffer_size(case.size))?;
        for end in given {
            let api = case.api;
            let connection = executor.run(async move { end.open(api) })?;
            serve(case, connection, &pattern, &executor, &sender)?;
        }
        if let Some(address) = listen.clone() {
            let api = case.api;
            let listener = executor.run(async move { BenchListener::bind(&address, api).await })?;
            let listener = Arc::new(listener);
            server.listener = Some(Arc::clone(&listener));
            let (done, _) = mpsc::channel();
            let visits = Arc::clone(&server.visits);
            let (case, sender) = (case.clone(), sender.clone());
            let executor_of_task = executor.clone();
            let accept = async move {
                let accepted = match case.workload {
                    Workload::Connect => {
                        answer_visits(&listener, &case, &executor_of_task, &sender, &visits).await
                    }
                    _ => accept(&listener, &case, &pattern, &executor_of_task, &sender).await,
                };
                if let Err(error) = accepted
                    && visits.phase.get() != RunPhase::Over
                {
                    let _ = sender.send(Err(error));
                }
            };
            executor.spawn(accept, done)?;
        }
        Ok(server)
    }

    /// Returns the address that clients connect to, if there is a listener.
    pub(super) fn address(&self) -> RunResult<Option<ServerAddress>> {
        self.listener.as_ref().map(|listener| listener.address()).transpose()
    }

    /// Waits until everything that the clients have sent has arrived.
    pub(super) fn finish(self) -> RunResult<ServedTotals> {
        self.visits.phase.set(RunPhase::Over);
        if self.expected_tallies == 0
            && let Some(listener) = &self.listener
        {
            listener.close();
        }
        let mut served = ServedTotals::default();
        let deadline = Instant::now() + LIMIT;
        for _ in 0..self.expected_tallies {
            let left = deadline.saturating_duration_since(Instant::now());
            let tally = self.workers.receiver.recv_timeout(left);
            served.bytes += tally
                .map_err(|_| BenchError::Stalled { after: LIMIT, external: false })??
                .all
                .bytes;
        }
        // Errors of tasks that send no tally.
        while let Ok(result) = self.workers.receiver.try_recv() {
            result?;
        }
        served.connections = self.visits.count.load(Ordering::Relaxed);
        Ok(served)
    }
}

/// Accepts all clients.
async fn accept(
    listener: &BenchListener,
    case: &Case,
    pattern: &Pattern,
    executor: &Executor,
    sender: &TallySender,
) -> RunResult<()> {
    for _ in 0..case.clients {
        serve(case, listener.accept().await?.split(), pattern, executor, sender)?;
    }
    Ok(())
}

/// Starts the workers of a connection.
fn serve(
    case: &Case,
    connection: SplitConnection,
    pattern: &Pattern,
    executor: &Executor,
    sender: &TallySender,
) -> RunResult<()> {
    let messages = |phase| Messages {
        size: case.size,
        pattern: pattern.clone(),
        progress: WorkerProgress::new(phase),
    };
    let received = messages(SharedPhase::default());
    let sender = sender.clone();
    match case.workload {
        Workload::Latency => executor.spawn(loops::answer_messages(connection, received), sender),
        _ if case.both_ways => {
            let SplitConnection { reader, writer } = connection;
            // The server sends as long as the client does.
            let phase = SharedPhase::default();
            let sent = messages(phase.clone());
            let send = loops::send_only(writer, LoopPeer::Client, sent, Arc::default());
            let receive = async move {
                let result = loops::receive(reader, LoopPeer::Client, None, received).await;
                phase.set(RunPhase::Over);
                result
            };
            executor.spawn(send, sender.clone())?;
            executor.spawn(receive, sender)
        }
        _ => {
            let SplitConnection { reader, writer } = connection;
            let receive = loops::receive(reader, LoopPeer::Client, Some(writer), received);
            executor.spawn(receive, sender)
        }
    }
}

/// Answers one message of each connection, until the run is over.
async fn answer_visits(
    listener: &BenchListener,
    case: &Case,
    executor: &Executor,
    sender: &TallySender,
    visits: &Arc<Visits>,
) -> RunResult<()> {
    loop {
        let connection = listener.accept().await?;
        if visits.phase.get() == RunPhase::Over {
            return Ok(());
        }
        let (size, seen) = (case.size, Arc::clone(visits));
        let answer = async move {
            // Counts before the answer, so that no client counts more.
            loops::answer_once(connection, size, || {
                seen.count.fetch_add(1, Ordering::Relaxed);
            })
            .await
        };
        match executor {
            Executor::Threads { .. } => answer.await?,
            Executor::EventLoop(handle) => {
                let sender = sender.clone();
                handle.spawn(async move {
                    if let Err(error) = answer.await {
                        let _ = sender.send(Err(error));
                    }
                });
            }
        }
    }
}
