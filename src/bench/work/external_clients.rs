//! The server for clients of other programs (`--at`).

use super::{
    BenchError, RunResult,
    address::ServerAddress,
    connection::SplitConnection,
    listener::{BenchListener, ListenAddress},
    loops,
    phase::{RunPhase, SharedPhase},
    tally::{Tally, WorkerProgress},
    workers::Workers,
};
use crate::{
    bench::{Amount, Api, Case, Measure, Sample, ServerKind, Usage, Workload},
    diag::Failure,
    endpoint::Target,
    system::signals,
};
use std::{
    io,
    sync::{Arc, OnceLock, mpsc},
    time::Instant,
};

/// A server for clients of other programs. Each run lasts until the clients have closed their
/// connections.
#[derive(Debug)]
pub(crate) struct ExternalClients {
    workers: Workers,
    listener: Arc<BenchListener>,
    server: ServerKind,
}

impl ExternalClients {
    /// Starts to listen. Signals that end the process also remove the name.
    pub(crate) fn listen(
        target: &Target,
        api: Api,
        server: ServerKind,
        pin: &[usize],
    ) -> RunResult<Self> {
        let address = match target {
            Target::Name(name) => ListenAddress::Name(name.to_string()),
            Target::Tcp(address) => {
                let addresses = address
                    .resolve()
                    .map_err(|error| Failure::Bind(address.error("listen on", &error).into()))?;
                if !addresses.iter().all(|address| address.ip().is_loopback()) {
                    return Err(Failure::Usage(format!(
                        "{address} can be reached from other machines: --at takes a loopback \
                         address, such as tcp:127.0.0.1:{}",
                        address.port()
                    ))
                    .into());
                }
                ListenAddress::Tcp(addresses)
            }
            _ => {
                return Err(Failure::Usage("--at takes NAME or tcp:HOST:PORT".into()).into());
            }
        };
        // Blocks signals in all threads until the handler that removes the name is installed.
        let _held = signals::BlockedSignals::new();
        let workers = Workers::new(api, &pin[..pin.len().min(1)])?;
        let bind = async move { BenchListener::bind(&address, api).await };
        let listener = Arc::new(workers.executor.run(bind)?);
        let on_signal = Arc::clone(&listener);
        signals::on_termination(move |signal| {
            on_signal.give_up_name();
            signals::die(signal);
        })
        .map_err(BenchError::io("cannot handle signals"))?;
        Ok(Self { workers, listener, server })
    }

    /// Returns the address that clients can connect to.
    pub(crate) fn address(&self) -> RunResult<ServerAddress> {
        self.listener.address()
    }
}

impl Drop for ExternalClients {
    fn drop(&mut self) {
        // The signal handler keeps the listener alive.
        self.listener.give_up_name();
    }
}

impl Measure for ExternalClients {
    /// Accepts and serves the clients of one run; measures from the first byte to the last end of
    /// file.
    fn measure(&mut self, case: &Case, amount: Amount) -> RunResult<Sample> {
        let connections = match (case.workload, amount) {
            (Workload::Connect, Amount::Messages(count)) => count,
            _ => case.clients as u64,
        };
        let (sender, receiver) = mpsc::channel();
        // Time of the first bytes, and the resource usage up to then.
        let started = Arc::new(OnceLock::new());
        let (listener, executor) = (Arc::clone(&self.listener), self.workers.executor.clone());
        let (size, sends_back) = (case.size, self.server == ServerKind::OwnEcho);
        let first_bytes = Arc::clone(&started);
        let accept = async move {
            for _ in 0..connections {
                let served = listener.accept().await.and_then(|connection| {
                    let started = Arc::clone(&first_bytes);
                    let serve = serve(connection.split(), size, sends_back, started);
                    executor.spawn(serve, sender.clone())
                });
                if let Err(error) = served {
                    let _ = sender.send(Err(error));
                    return;
                }
            }
        };
        let (done, _) = mpsc::channel();
        self.workers.executor.spawn(accept, done)?;
        let (mut bytes, mut end) = (0, None);
        for _ in 0..connections {
            let tally = receiver.recv().map_err(|_| BenchError::WorkerDied)??;
            bytes += tally.all.bytes;
            end = end.max(Some(tally.end));
        }
        let (start, before) = *started.get().ok_or(BenchError::NothingCame)?;
        let messages = match case.workload {
            Workload::Connect => connections,
            _ => bytes.div_ceil(case.size as u64),
        };
        if messages == 0 {
            return Err(BenchError::NothingCame);
        }
        Ok(Sample {
            elapsed: end.unwrap_or(start).saturating_duration_since(start),
            bytes,
            messages,
            latencies: None,
            client: None,
            server: Some(Usage::now()?.since(before)),
            other_cpus: None,
            fairness: None,
        })
    }
}

/// Reads to the end of file, and echoes if requested.
async fn serve(
    connection: SplitConnection,
    size: usize,
    sends_back: bool,
    started: Arc<OnceLock<(Instant, Usage)>>,
) -> RunResult<Tally> {
    let phase = SharedPhase::default();
    phase.set(RunPhase::Measured);
    let note = move || {
        if started.get().is_none() {
            // Fails if another client was first.
            let _ = started.set((Instant::now(), Usage::now()?));
        }
        io::Result::Ok(())
    };
    loops::echo(connection, size, sends_back, note, WorkerProgress::new(phase)).await
}
