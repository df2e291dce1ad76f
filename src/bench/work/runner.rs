//! Measures one run from start to end.

use super::{
    BenchError, RunResult,
    address::{ConnectionUse, ServerAddress},
    clients::Clients,
    phase::{RunPhase, SharedPhase},
    running_server::{RunNames, RunningServer, ServerAccess},
    sample::{check, sample},
    stall_watch::{STALL_LIMIT, StallWatch},
    workers::Workers,
};
use crate::{
    bench::{Amount, Case, Measure, Sample, ServerKind, Usage, Workload},
    diag::Failure,
    system,
};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// Measures with sockets and clocks.
#[derive(Debug)]
pub(crate) struct Runner {
    server: ServerKind,
    /// Address of an external server.
    external: Option<ServerAddress>,
    pin: Vec<usize>,
    warmup: Duration,
    names: RunNames,
}

impl Runner {
    /// Creates a runner; `folder` is for socket files.
    pub(crate) fn new(
        server: ServerKind,
        external: Option<ServerAddress>,
        pin: Vec<usize>,
        warmup: Duration,
        folder: PathBuf,
    ) -> Self {
        Self { server, external, pin, warmup, names: RunNames::new(folder) }
    }

    fn run(&self, case: &Case, amount: Amount) -> RunResult<Sample> {
        let cpu = self.pin.first().copied();
        let (mut running, access) =
            RunningServer::start(self.server, self.external.as_ref(), case, cpu, &self.names)?;
        // The first CPU is the server's, if there is more than one.
        let has_server = !self.server.is_foreign();
        let cpus = &self.pin[usize::from(has_server && self.pin.len() > 1)..];
        let mut workers = Workers::new(case.api, cpus)?;
        let phase = SharedPhase::default();
        let Self { server, warmup, .. } = *self;
        let clients = Clients { case, amount, server, phase: phase.clone(), warmup };
        let started = start_clients(&clients, &mut workers, access);
        let measured = started
            .and_then(|()| self.measure_clients(case, amount, &phase, &mut workers, &mut running));
        // Ends the workers that are still running, except those with a timetable.
        phase.set(RunPhase::Over);
        match measured {
            // If the server has failed, its error is the cause.
            Err(error) if can_follow_from_server(&error) => Err(match running.failure_reason() {
                Some(reason) if is_specific(&reason) => reason,
                _ => error,
            }),
            measured => measured,
        }
    }

    /// Waits for the clients and collects the results.
    fn measure_clients(
        &self,
        case: &Case,
        amount: Amount,
        phase: &SharedPhase,
        workers: &mut Workers,
        running: &mut RunningServer,
    ) -> RunResult<Sample> {
        let mut watch = StallWatch::new(case, self.server);
        // Messages of the warm-up are not limited: without one, no client may send before the
        // measured time. A timetable has its own start.
        if !self.warmup.is_zero() || case.rate.is_some() {
            workers.release();
            watch.wait_until(workers, Instant::now().checked_add(self.warmup))?;
        }
        let server = running.usage()?;
        let system_cpu = system::usage::of_everybody();
        let client = Usage::now()?;
        let start = Instant::now();
        phase.set(RunPhase::Measured);
        workers.release();
        if let Amount::Time(time) = amount {
            watch.wait_until(workers, start.checked_add(time))?;
            phase.set(RunPhase::Over);
            watch.wait_for_rest(workers, time)?;
        }
        watch.wait_until(workers, None)?;
        let client = Usage::now()?.since(client);
        let system_cpu = system::usage::of_everybody().zip(system_cpu);
        let system_cpu = system_cpu.map(|(now, then)| now.saturating_sub(then));
        let tallies = watch.tallies;
        let (served, used) = running.finish()?;
        if let Some(served) = served {
            check(case, &tallies, served)?;
        }
        let server = used.zip(server).map(|(now, then)| now.since(then));
        let mut sample = sample(case, &tallies, start, client, server)?;
        // The CPU time of an external server cannot be told from that of other processes.
        if !self.server.is_foreign() {
            sample.other_cpus = system_cpu.and_then(|system_cpu| other_cpus(system_cpu, &sample));
        }
        Ok(sample)
    }
}

impl Measure for Runner {
    fn measure(&mut self, case: &Case, amount: Amount) -> RunResult<Sample> {
        self.names.advance();
        self.run(case, amount)
    }
}

fn start_clients(
    clients: &Clients<'_>,
    workers: &mut Workers,
    access: ServerAccess,
) -> RunResult<()> {
    let api = clients.case.api;
    let mut connections = Vec::new();
    match access {
        ServerAccess::Connect(address) if clients.case.workload == Workload::Connect => {
            return clients.start_visits(workers, &address);
        }
        ServerAccess::Connect(address) => {
            for _ in 0..clients.case.clients {
                let address = address.clone();
                let limit = clients.server.is_foreign().then_some(STALL_LIMIT);
                connections.push(workers.executor.run(async move {
                    Ok(address.connect(api, ConnectionUse::Run, limit).await?.split())
                })?);
            }
        }
        ServerAccess::Given(ends) => {
            for end in ends {
                connections.push(workers.executor.run(async move { end.open(api) })?);
            }
        }
    }
    clients.start(workers, connections)
}

/// Returns whether a client's error can be the consequence of a server that has failed.
fn can_follow_from_server(client: &BenchError) -> bool {
    matches!(
        client,
        BenchError::ServerClosed
            | BenchError::WorkerDied
            | BenchError::Stalled { .. }
            | BenchError::Unfinished { .. }
            | BenchError::Failure(Failure::Connect { .. })
    )
}

/// Returns whether the error of a server says more than that of its client.
fn is_specific(server: &BenchError) -> bool {
    matches!(server, BenchError::Server(_) | BenchError::WrongBytes { .. } | BenchError::ServerDied)
}

/// Returns how many CPUs other processes kept busy; `None` for short runs, for which the clock
/// ticks of the system are too coarse.
fn other_cpus(system_cpu: Duration, sample: &Sample) -> Option<f64> {
    const SHORT: Duration = Duration::from_millis(500);
    let own: Duration =
        [sample.client, sample.server].iter().flatten().map(|usage| usage.cpu).sum();
    let other_cpus = system_cpu.saturating_sub(own).as_secs_f64() / sample.elapsed.as_secs_f64();
    (sample.elapsed >= SHORT).then_some(other_cpus)
}
