//! One run from its beginning to its end.

use super::{
    BenchError,
    clients::Clients,
    crew::Crew,
    phase::{Part, Phase},
    sample::{check, sample},
    side::{Names, ServerIs, Side, Way},
    waiting::Waiting,
};
use crate::{
    bench::{Amount, Case, Measure, Sample, Usage, Workload},
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
    server: ServerIs,
    pin: Vec<usize>,
    warmup: Duration,
    names: Names,
}

impl Runner {
    /// With socket files in that folder, if there are any.
    pub(crate) fn new(
        server: ServerIs,
        pin: Vec<usize>,
        warmup: Duration,
        folder: PathBuf,
    ) -> Self {
        Self { server, pin, warmup, names: Names::new(folder) }
    }

    fn run(&self, case: &Case, amount: Amount) -> anyhow::Result<Sample> {
        let cpu = self.pin.first().copied();
        let (mut side, way) = self.server.start(case, cpu, &self.names)?;
        // The first one is that of our server, if there are more.
        let has_server = !matches!(self.server, ServerIs::Foreign(..));
        let cpus = &self.pin[usize::from(has_server && self.pin.len() > 1)..];
        let mut crew = Crew::new(case.api, cpus)?;
        let phase = Phase::default();
        let (server, phase_of_all) = (self.server.does(), phase.clone());
        let clients = Clients { case, amount, server, phase: phase_of_all, warmup: self.warmup };
        let started = start_clients(&clients, &mut crew, way);
        let measured = started.and_then(|()| self.watch(case, amount, &phase, &crew, &mut side));
        // Whoever has not ended yet is to end.
        phase.set(Part::Over);
        match measured {
            Ok(sample) => Ok(sample),
            // A server that has gone may have had a reason.
            Err(error) => Err(match side.reason() {
                Some(reason) if reason.is::<BenchError>() => better_of(error, reason),
                _ => error,
            }),
        }
    }

    /// Waits for clients that are at work.
    fn watch(
        &self,
        case: &Case,
        amount: Amount,
        phase: &Phase,
        crew: &Crew,
        side: &mut Side,
    ) -> anyhow::Result<Sample> {
        let mut waiting = Waiting::new(crew, case, self.server.does());
        waiting.until(Instant::now().checked_add(self.warmup))?;
        let server = side.usage()?;
        let everybody = system::usage::of_everybody();
        let client = Usage::now()?;
        let start = Instant::now();
        phase.set(Part::Measured);
        if let Amount::Time(time) = amount {
            waiting.until(start.checked_add(time))?;
            phase.set(Part::Over);
        }
        waiting.until(None)?;
        let client = Usage::now()?.since(client);
        let everybody = system::usage::of_everybody().zip(everybody);
        let everybody = everybody.map(|(now, then)| now.saturating_sub(then));
        let tallies = waiting.tallies;
        let (served, used) = side.finish()?;
        if let Some(served) = served {
            check(case, &tallies, served)?;
        }
        let server = used.zip(server).map(|(now, then)| now.since(then));
        let mut sample = sample(case, &tallies, start, client, server)?;
        // A foreign server's work cannot be told from that of others.
        if !matches!(self.server, ServerIs::Foreign(..)) {
            sample.others = everybody.and_then(|all| others(all, &sample));
        }
        Ok(sample)
    }
}

impl Measure for Runner {
    fn measure(&mut self, case: &Case, amount: Amount) -> anyhow::Result<Sample> {
        self.names.advance();
        self.run(case, amount).map_err(|error| match error.downcast_ref() {
            Some(BenchError::TooSlow { reached }) => BenchError::RateMissed {
                asked: case.rate.unwrap_or_default(),
                reached: reached.saturating_mul(case.clients as u64),
            }
            .into(),
            _ => error,
        })
    }
}

fn start_clients(clients: &Clients<'_>, crew: &mut Crew, way: Way) -> anyhow::Result<()> {
    let api = clients.case.api;
    let mut connections = Vec::new();
    match way {
        Way::Connect(address) if clients.case.workload == Workload::Connect => {
            return clients.start_visits(crew, &address);
        }
        Way::Connect(address) => {
            for _ in 0..clients.case.clients {
                let address = address.clone();
                connections
                    .push(crew.who().run(async move { Ok(address.connect(api).await?.split()) })?);
            }
        }
        Way::Given(ends) => {
            for ends in ends {
                connections.push(crew.who().run(async move { ends.open(api) })?);
            }
        }
    }
    clients.start(crew, connections)
}

/// Which of two errors says more: what clients see of a server that has gone is that it has
/// gone.
fn better_of(client: anyhow::Error, server: anyhow::Error) -> anyhow::Error {
    let says_little = match client.downcast_ref() {
        Some(BenchError::ServerClosed | BenchError::WorkerDied | BenchError::Stalled { .. }) => {
            true
        }
        Some(_) => false,
        None => matches!(client.downcast_ref(), Some(Failure::Connect { .. })),
    };
    let says_much = matches!(
        server.downcast_ref(),
        Some(BenchError::Server(_) | BenchError::WrongBytes { .. } | BenchError::ServerDied)
    );
    if says_little && says_much { server } else { client }
}

/// How many CPUs were busy meanwhile with something else; not of short times, which the
/// system's clock ticks are too coarse for.
fn others(everybody: Duration, sample: &Sample) -> Option<f64> {
    const SHORT: Duration = Duration::from_millis(500);
    let ours: Duration = [sample.client, sample.server].iter().flatten().map(|it| it.cpu).sum();
    let others = everybody.saturating_sub(ours).as_secs_f64() / sample.elapsed.as_secs_f64();
    (sample.elapsed >= SHORT).then_some(others)
}
