//! The server of a run, in a separate process or in that of the clients.

use super::{
    BenchError, RunResult,
    address::ServerAddress,
    connection::SplitConnection,
    listener::{BenchListener, ListenAddress},
    loops::{self, Messages},
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

/// The work of a server in a run.
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
        let expected_tallies = match case.workload {
            Workload::Connect => 0,
            _ => case.clients * if case.both_ways { 2 } else { 1 },
        };
        let (api, visits) = (case.api, Arc::<Visits>::default());
        let executor = workers.executor.clone();
        let server = ConnectionServer {
            case: case.clone(),
            pattern: Pattern::new(loops::buffer_size(case.size))?,
            executor: executor.clone(),
            sender: workers.sender.clone(),
            visits: Arc::clone(&visits),
        };
        for end in given {
            server.serve(executor.run(async move { end.open(api) })?)?;
        }
        let listener = match listen.clone() {
            None => None,
            Some(address) => {
                let bind = async move { BenchListener::bind(&address, api).await };
                let listener = Arc::new(executor.run(bind)?);
                let accepting = Arc::clone(&listener);
                let (done, _) = mpsc::channel();
                executor.spawn(async move { server.accept(&accepting).await }, done)?;
                Some(listener)
            }
        };
        Ok(Self { workers, expected_tallies, listener, visits })
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

/// Starts the workers of connections.
struct ConnectionServer {
    case: Case,
    pattern: Pattern,
    executor: Executor,
    sender: TallySender,
    visits: Arc<Visits>,
}

impl ConnectionServer {
    /// Accepts clients until all have connected or, if they connect for each message, until the run
    /// is over.
    async fn accept(&self, listener: &BenchListener) {
        let accepted = match self.case.workload {
            Workload::Connect => self.answer_visits(listener).await,
            _ => self.serve_all(listener).await,
        };
        if let Err(error) = accepted
            && self.visits.phase.get() != RunPhase::Over
        {
            let _ = self.sender.send(Err(error));
        }
    }

    async fn serve_all(&self, listener: &BenchListener) -> RunResult<()> {
        for _ in 0..self.case.clients {
            self.serve(listener.accept().await?.split())?;
        }
        Ok(())
    }

    /// Starts the workers of a connection.
    fn serve(&self, connection: SplitConnection) -> RunResult<()> {
        let Self { case, pattern, executor, .. } = self;
        let messages = |phase| Messages {
            size: case.size,
            pattern: pattern.clone(),
            progress: WorkerProgress::new(phase),
        };
        let received = messages(SharedPhase::default());
        let sender = self.sender.clone();
        match case.workload {
            Workload::Latency => {
                executor.spawn(loops::answer_messages(connection, received), sender)
            }
            _ if case.both_ways => {
                let SplitConnection { reader, writer } = connection;
                // The server sends as long as the client does.
                let phase = SharedPhase::default();
                let sent = messages(phase.clone());
                let send = loops::send_only(writer, loops::map_client_error, sent, Arc::default());
                let receive = async move {
                    let result =
                        loops::receive(reader, loops::map_client_error, None, received).await;
                    phase.set(RunPhase::Over);
                    result
                };
                executor.spawn(send, sender.clone())?;
                executor.spawn(receive, sender)
            }
            _ => {
                let SplitConnection { reader, writer } = connection;
                let receive =
                    loops::receive(reader, loops::map_client_error, Some(writer), received);
                executor.spawn(receive, sender)
            }
        }
    }

    /// Answers one message of each connection, until the run is over.
    async fn answer_visits(&self, listener: &BenchListener) -> RunResult<()> {
        loop {
            let connection = listener.accept().await?;
            if self.visits.phase.get() == RunPhase::Over {
                return Ok(());
            }
            let (size, visits) = (self.case.size, Arc::clone(&self.visits));
            let answer = async move {
                // Counts before the answer, so that no client counts more.
                loops::answer_once(connection, size, || {
                    visits.count.fetch_add(1, Ordering::Relaxed);
                })
                .await
            };
            match &self.executor {
                Executor::Threads { .. } => answer.await?,
                Executor::EventLoop(handle) => {
                    let sender = self.sender.clone();
                    handle.spawn(async move {
                        if let Err(error) = answer.await {
                            let _ = sender.send(Err(error));
                        }
                    });
                }
            }
        }
    }
}
