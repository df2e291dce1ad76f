//! One run from its beginning to its end.

use super::{
    BenchError,
    address::Address,
    clients::{Clients, Does},
    control::ServerProcess,
    crew::Crew,
    listener::ListenAt,
    phase::{Part, Phase},
    server::{Job, Served, Server},
    tally::Tally,
    unopened::Unopened,
};
use crate::{
    bench::{Amount, Case, Measure, Sample, Transport, Usage, Workload},
    system,
};
use hdrhistogram::Histogram;
use std::{
    path::PathBuf,
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

/// Measures with sockets and clocks.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) server: ServerIs,
    pub(crate) pin: Vec<usize>,
    pub(crate) warmup: Duration,
    /// Where socket files are made.
    pub(crate) folder: PathBuf,
    /// How many runs there were before.
    runs: u32,
}

/// Whose server clients connect to.
#[derive(Clone, Debug)]
pub(crate) enum ServerIs {
    /// Ours, in a process of its own.
    Process,
    /// Ours, in this process.
    Here,
    /// Somebody else's.
    Foreign(Foreign),
}

/// Somebody else's server.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    address: Address,
    does: Does,
}

/// The server of a run.
#[derive(Debug)]
enum Side {
    Process(ServerProcess),
    Here(Server),
    Foreign,
}

/// For so long nothing may move. Whoever sends at a rate may have longer to wait.
const STALLED: Duration = Duration::from_secs(5);

/// How often is looked whether something has moved.
const GLANCE: Duration = Duration::from_millis(250);

impl Runner {
    pub(crate) fn new(
        server: ServerIs,
        pin: Vec<usize>,
        warmup: Duration,
        folder: PathBuf,
    ) -> Self {
        Self { server, pin, warmup, folder, runs: 0 }
    }

    /// Where the server is to listen, if clients connect to it.
    fn listen_at(&self, over: Transport) -> Option<ListenAt> {
        let own = format!("lsock-bench-{}-{}", std::process::id(), self.runs);
        match over {
            Transport::Fs if cfg!(windows) => Some(ListenAt::Name(format!(r"\\.\pipe\{own}"))),
            Transport::Fs => {
                let path = self.folder.join(format!("{}.sock", self.runs));
                Some(ListenAt::Name(path.to_string_lossy().into_owned()))
            }
            Transport::Ns => Some(ListenAt::Name(format!("@{own}"))),
            Transport::Tcp => Some(ListenAt::Tcp(None)),
            Transport::Pipe | Transport::Socketpair => None,
        }
    }

    /// Starts the server: the clients' ends of connections that have no name, or where to
    /// connect to.
    fn start_server(&self, case: &Case) -> anyhow::Result<(Side, Vec<Unopened>, Option<Address>)> {
        if let ServerIs::Foreign(foreign) = &self.server {
            return Ok((Side::Foreign, Vec::new(), Some(foreign.address.clone())));
        }
        let at = self.listen_at(case.over);
        let (mut ours, mut given) = (Vec::new(), Vec::new());
        if at.is_none() {
            for _ in 0..case.clients {
                let (client, server) = Unopened::pair(case.over)?;
                ours.push(client);
                given.push(server);
            }
        }
        let job = Job { case: case.clone(), at, cpu: self.pin.first().copied() };
        if matches!(self.server, ServerIs::Here) {
            let server = Server::start(&job, given)?;
            let address = server.address()?;
            return Ok((Side::Here(server), ours, address));
        }
        let (server, address) = ServerProcess::start(&job, given.pop(), self.runs)?;
        Ok((Side::Process(server), ours, address))
    }

    fn does(&self) -> Does {
        match &self.server {
            ServerIs::Foreign(foreign) => foreign.does,
            ServerIs::Process | ServerIs::Here => Does::Whatever,
        }
    }

    fn run(&self, case: &Case, amount: Amount) -> anyhow::Result<Sample> {
        let (mut side, ours, address) = self.start_server(case)?;
        let cpus = if self.pin.len() > 1 { &self.pin[1..] } else { &self.pin[..] };
        let mut crew = Crew::new(case.api, cpus)?;
        let phase = Phase::default();
        let clients = Clients { case, amount, server: self.does(), phase: phase.clone() };
        let started = start_clients(&clients, &mut crew, ours, address);
        let measured = started.and_then(|()| self.watch(case, amount, &phase, &crew, &mut side));
        // Whoever has not ended yet is to end.
        phase.set(Part::Over);
        match measured {
            Ok(sample) => Ok(sample),
            // A server that has gone may have had a reason.
            Err(error) => match side.finish() {
                Err(reason) if error.is::<BenchError>() && reason.is::<BenchError>() => {
                    Err(better_of(error, reason))
                }
                _ => Err(error),
            },
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
        let mut waiting = Waiting::new(crew, case, self.does());
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
        sample.others = everybody.and_then(|all| others(all, &sample));
        Ok(sample)
    }
}

impl Measure for Runner {
    fn measure(&mut self, case: &Case, amount: Amount) -> anyhow::Result<Sample> {
        self.runs += 1;
        self.run(case, amount).map_err(|error| match error.downcast_ref() {
            Some(BenchError::TooSlow { reached }) => BenchError::RateMissed {
                asked: case.rate.unwrap_or_default(),
                reached: reached * case.clients as u64,
            }
            .into(),
            _ => error,
        })
    }
}

impl Foreign {
    pub(crate) fn new(address: Address, does: Does) -> Self {
        Self { address, does }
    }
}

fn start_clients(
    clients: &Clients<'_>,
    crew: &mut Crew,
    ours: Vec<Unopened>,
    address: Option<Address>,
) -> anyhow::Result<()> {
    let api = clients.case.api;
    let mut connections = Vec::new();
    for ends in ours {
        connections.push(crew.who().run(async move { ends.open(api) })?);
    }
    if let Some(address) = address {
        if clients.case.workload == Workload::Connect {
            return clients.start_visits(crew, &address);
        }
        for _ in 0..clients.case.clients {
            let address = address.clone();
            connections.push(crew.who().run(async move { address.connect(api).await })?);
        }
    }
    clients.start(crew, connections)
}

/// Which of two errors says more.
fn better_of(client: anyhow::Error, server: anyhow::Error) -> anyhow::Error {
    let says_little = matches!(
        client.downcast_ref(),
        Some(BenchError::ServerClosed | BenchError::WorkerDied | BenchError::Stalled { .. })
    );
    let is_known = matches!(
        server.downcast_ref(),
        Some(BenchError::Server(_) | BenchError::WrongBytes { .. })
    );
    if says_little && is_known { server } else { client }
}

impl Side {
    /// What the server's process has used until now, if it is one.
    fn usage(&mut self) -> anyhow::Result<Option<Usage>> {
        match self {
            Self::Process(server) => server.usage().map(Some),
            Self::Here(_) | Self::Foreign => Ok(None),
        }
    }

    /// What has come, where that is known.
    fn finish(&mut self) -> anyhow::Result<(Option<Served>, Option<Usage>)> {
        match std::mem::replace(self, Self::Foreign) {
            Self::Process(mut server) => {
                server.finish().map(|(served, usage)| (Some(served), Some(usage)))
            }
            Self::Here(server) => server.finish().map(|served| (Some(served), None)),
            Self::Foreign => Ok((None, None)),
        }
    }
}

/// Waits for the workers of a crew, as long as something moves.
#[derive(Debug)]
struct Waiting<'a> {
    crew: &'a Crew,
    tallies: Vec<Tally>,
    limit: Duration,
    foreign: bool,
    moved: (u64, Instant),
}

impl<'a> Waiting<'a> {
    fn new(crew: &'a Crew, case: &Case, server: Does) -> Self {
        let interval = case.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64(case.clients as f64 / rate as f64)
        });
        Self {
            crew,
            tallies: Vec::new(),
            limit: STALLED + interval,
            foreign: server != Does::Whatever,
            moved: (0, Instant::now()),
        }
    }

    /// Until then, if there is such a moment, or until all have reported.
    fn until(&mut self, deadline: Option<Instant>) -> anyhow::Result<()> {
        while self.tallies.len() < self.crew.len() {
            let now = Instant::now();
            let left = deadline.map_or(GLANCE, |deadline| deadline.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(());
            }
            match self.crew.reports().recv_timeout(left.min(GLANCE)) {
                Ok(tally) => self.tallies.push(tally?),
                Err(RecvTimeoutError::Timeout) => self.look(now)?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(BenchError::WorkerDied.into());
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, now: Instant) -> anyhow::Result<()> {
        let messages = self.crew.messages();
        if messages != self.moved.0 {
            self.moved = (messages, now);
        } else if now - self.moved.1 > self.limit {
            return Err(BenchError::Stalled { after: self.limit, foreign: self.foreign }.into());
        }
        Ok(())
    }
}

/// What was sent has to be what arrived.
fn check(case: &Case, tallies: &[Tally], served: Served) -> anyhow::Result<()> {
    let (sent, arrived, what) = if case.workload == Workload::Connect {
        let sent = tallies.iter().map(|tally| tally.all.messages).sum();
        (sent, served.connections, "connections")
    } else {
        (tallies.iter().map(|tally| tally.all.bytes).sum(), served.bytes, "bytes")
    };
    if sent == arrived {
        Ok(())
    } else {
        Err(BenchError::Miscounted { sent, arrived, what }.into())
    }
}

fn sample(
    case: &Case,
    tallies: &[Tally],
    start: Instant,
    client: Usage,
    server: Option<Usage>,
) -> anyhow::Result<Sample> {
    let messages: Vec<u64> = tallies.iter().map(|tally| tally.measured.messages).collect();
    let mut latencies: Option<Histogram<u64>> = None;
    for times in tallies.iter().filter_map(|tally| tally.times.as_ref()) {
        match &mut latencies {
            None => latencies = Some(times.clone()),
            Some(all) => all.add(times)?,
        }
    }
    let end = tallies.iter().map(|tally| tally.end).max().unwrap_or(start);
    let sample = Sample {
        elapsed: end.saturating_duration_since(start),
        bytes: tallies.iter().map(|tally| tally.measured.bytes).sum(),
        messages: messages.iter().sum(),
        latencies,
        client,
        server,
        others: None,
        fairness: if tallies.len() == case.clients { fairness(&messages) } else { None },
    };
    let is_empty = sample.messages == 0 || sample.elapsed.is_zero();
    if is_empty { Err(BenchError::Nothing.into()) } else { Ok(sample) }
}

/// The least of what clients have done, as a part of the most; of one there is none.
fn fairness(messages: &[u64]) -> Option<f64> {
    let least = messages.iter().min()?;
    let most = messages.iter().max().filter(|most| **most > 0)?;
    (messages.len() > 1).then(|| *least as f64 / *most as f64)
}

/// How many CPUs were busy meanwhile with something else; not of short times, which the
/// system's clock ticks are too coarse for.
fn others(everybody: Duration, sample: &Sample) -> Option<f64> {
    const SHORT: Duration = Duration::from_millis(500);
    let ours = sample.client.cpu + sample.server.map(|server| server.cpu).unwrap_or_default();
    let others = everybody.saturating_sub(ours).as_secs_f64() / sample.elapsed.as_secs_f64();
    (sample.elapsed >= SHORT).then_some(others)
}
