//! The plan of `lsock bench`.

use crate::{
    bench::{
        Amount, Api, Case, Rounds, ServerDescription, Transport, Workload, work::ServerBehaviour,
    },
    cli,
    diag::Failure,
    endpoint::Target,
};
use std::{
    fmt::{self, Display, Formatter},
    num::NonZeroUsize,
    time::Duration,
};

/// What will be measured, and how.
#[derive(Debug)]
pub(super) struct BenchPlan {
    pub(super) cases: Vec<Case>,
    pub(super) rounds: Rounds,
    pub(super) warmup: Duration,
    pub(super) pin: Vec<usize>,
    pub(super) server: ServerChoice,
}

/// The server of a measurement.
#[derive(Clone, Debug)]
pub(super) enum ServerChoice {
    Process,
    InProcess,
    /// `--to`
    ExternalServer(Target, ServerBehaviour),
    /// `--at`: lsock is the server.
    ExternalClients(Target, ServerBehaviour),
}

/// Duration of a run of the tour, whose 13 cases take ten seconds.
const TOUR: Duration = Duration::from_millis(200);
const TOUR_WARMUP: Duration = Duration::from_millis(50);

const DURATION: Duration = Duration::from_secs(1);
const WARMUP: Duration = Duration::from_millis(100);
const REPEAT: NonZeroUsize = NonZeroUsize::new(3).unwrap();

impl BenchPlan {
    pub(super) fn new(args: &cli::Bench) -> Result<Self, Failure> {
        let cli::Bench { workload, work, external, .. } = args;
        let server = server_choice(*workload, work, external)?;
        let (repeat, duration, warmup) = match (&server, workload) {
            (ServerChoice::ExternalClients(..), _) => (NonZeroUsize::MIN, None, Duration::ZERO),
            (_, None) => (REPEAT, Some(TOUR), TOUR_WARMUP),
            (_, Some(_)) => (REPEAT, Some(DURATION), WARMUP),
        };
        let plan = Self {
            cases: match workload {
                None => tour(work)?,
                Some(workload) => cases(*workload, work, &server),
            },
            rounds: Rounds {
                repeat: work.repeat.unwrap_or(repeat),
                amount: amount(work, duration),
            },
            warmup: work.warmup.unwrap_or(warmup),
            pin: work.pin.clone(),
            server,
        };
        plan.check(work)?;
        Ok(plan)
    }

    pub(super) fn has_external_server(&self) -> bool {
        matches!(self.server, ServerChoice::ExternalServer(..))
    }

    /// Returns whether the command line contains a NAME.
    pub(super) fn has_name(&self) -> bool {
        matches!(self.server, ServerChoice::ExternalServer(..) | ServerChoice::ExternalClients(..))
    }

    /// Returns what to do if no server listens.
    pub(super) fn absent_server_hint(&self) -> &'static str {
        if self.cases.len() * self.rounds.repeat.get() > 1 {
            "the server has to listen before each run; if it ends after its first client, \
             measure a single case with --repeat 1"
        } else {
            "start the server first"
        }
    }
}

impl ServerChoice {
    /// Returns the description for reports.
    pub(super) fn description(&self) -> ServerDescription {
        use ServerBehaviour::Discard;
        match self {
            Self::Process => ServerDescription::Process,
            Self::InProcess => ServerDescription::InProcess,
            Self::ExternalServer(name, Discard) => {
                ServerDescription::ForeignDiscard(name.to_string())
            }
            Self::ExternalServer(name, _) => ServerDescription::ForeignEcho(name.to_string()),
            Self::ExternalClients(name, Discard) => ServerDescription::OwnDiscard(name.to_string()),
            Self::ExternalClients(name, _) => ServerDescription::OwnEcho(name.to_string()),
        }
    }
}

fn amount(work: &cli::WorkOptions, duration: Option<Duration>) -> Amount {
    match (work.bytes, work.count) {
        (Some(bytes), _) => Amount::Bytes(bytes),
        (None, Some(count)) => Amount::Messages(count),
        (None, None) => work.duration.or(duration).map_or(Amount::UntilClientsEnd, Amount::Time),
    }
}

fn server_choice(
    workload: Option<Workload>,
    work: &cli::WorkOptions,
    external: &cli::ExternalOptions,
) -> Result<ServerChoice, Failure> {
    let usual = match workload {
        Some(Workload::Latency | Workload::Connect) => ServerBehaviour::Echo,
        _ => ServerBehaviour::Discard,
    };
    let behaviour = external.expect.unwrap_or(usual);
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    match (&external.to, &external.at) {
        (None, None) if external.expect.is_some() => {
            usage("--expect requires --to NAME or --at NAME")
        }
        (None, None) if work.in_process => Ok(ServerChoice::InProcess),
        (None, None) => Ok(ServerChoice::Process),
        _ if workload.is_none() => {
            usage("--to and --at require a workload, such as `lsock bench throughput --to NAME`")
        }
        (_, Some(at)) if work.size.len() > 1 || work.clients.len() > 1 || work.api.len() > 1 => {
            Err(Failure::Usage(format!("--at {at} takes one --size, --clients and --api")))
        }
        (Some(target), _) | (None, Some(target))
            if !matches!(target, Target::Name(_) | Target::Tcp(_)) =>
        {
            Err(Failure::Usage(format!(
                "{target} is not a server: --to and --at take NAME or tcp:HOST:PORT"
            )))
        }
        (Some(to), _) => Ok(ServerChoice::ExternalServer(to.clone(), behaviour)),
        (None, Some(at)) => Ok(ServerChoice::ExternalClients(at.clone(), behaviour)),
    }
}

/// Returns the cases of the tour: throughput, latency and connections over all transports of this
/// system.
fn tour(work: &cli::WorkOptions) -> Result<Vec<Case>, Failure> {
    let has_more = !work.size.is_empty()
        || !work.clients.is_empty()
        || work.bytes.is_some()
        || work.count.is_some()
        || work.rate.is_some()
        || work.both_ways;
    if has_more {
        return Err(Failure::Usage(
            "--size, --clients, --bytes, --count, --rate and --both-ways require a workload, \
             such as `lsock bench throughput --size 4K`"
                .into(),
        ));
    }
    let all: &[Transport] = if cfg!(windows) {
        &[Transport::Abstract, Transport::Pipe, Transport::Tcp]
    } else {
        &[
            Transport::File,
            Transport::Abstract,
            Transport::Pipe,
            Transport::Socketpair,
            Transport::Tcp,
        ]
    };
    let over = or_default(&work.over, all);
    let mut cases = Vec::new();
    for (workload, size) in
        [(Workload::Throughput, 64 << 10), (Workload::Latency, 64), (Workload::Connect, 8)]
    {
        for over in over.iter().copied() {
            for api in or_default(&work.api, &[Api::Sync]).iter().copied() {
                if workload != Workload::Connect || over.has_listener() {
                    let (clients, both_ways, rate) = (1, false, None);
                    cases.push(Case { workload, over, api, size, clients, both_ways, rate });
                }
            }
        }
    }
    Ok(cases)
}

fn cases(workload: Workload, work: &cli::WorkOptions, server: &ServerChoice) -> Vec<Case> {
    let workload = match (workload, server) {
        // A server cannot measure how long its answers take.
        (Workload::Latency, ServerChoice::ExternalClients(..)) => Workload::Throughput,
        _ => workload,
    };
    let (sizes, clients): (&[usize], usize) = match (workload, server) {
        (Workload::Throughput, ServerChoice::ExternalClients(..)) => (&[64 << 10], 1),
        (Workload::Throughput, _) => (&[64, 4 << 10, 64 << 10, 1 << 20], 1),
        (Workload::Latency, _) => (&[64], 1),
        (Workload::Connect, _) => (&[8], 1),
        (Workload::FanIn, _) => (&[64], 16),
    };
    let over = match server {
        ServerChoice::ExternalServer(target, _) | ServerChoice::ExternalClients(target, _) => {
            match target {
                Target::Tcp(_) => vec![Transport::Tcp],
                // On Windows all names are paths of named pipes.
                Target::Name(name) if name.is_path() && cfg!(unix) => vec![Transport::File],
                _ => vec![Transport::Abstract],
            }
        }
        ServerChoice::Process | ServerChoice::InProcess => {
            or_default(&work.over, &[Transport::Abstract]).to_vec()
        }
    };
    let (both_ways, rate) = (work.both_ways, work.rate);
    let mut cases = Vec::new();
    for over in over {
        for api in or_default(&work.api, &[Api::Sync]).iter().copied() {
            for clients in or_default(&work.clients, &[clients]).iter().copied() {
                for size in or_default(&work.size, sizes).iter().copied() {
                    cases.push(Case { workload, over, api, size, clients, both_ways, rate });
                }
            }
        }
    }
    cases
}

fn or_default<'a, T>(given: &'a [T], default: &'a [T]) -> &'a [T] {
    if given.is_empty() { default } else { given }
}

/// The form that `--explain` shows.
impl Display for BenchPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (number, case) in self.cases.iter().enumerate() {
            writeln!(f, "{} {case}", if number == 0 { "measure     " } else { "            " })?;
        }
        writeln!(f, "server       {}", self.server)?;
        let Rounds { repeat, amount } = self.rounds;
        writeln!(f, "runs         {repeat} of each, in rounds")?;
        writeln!(f, "each         {amount}")?;
        writeln!(f, "warm-up      {}", humantime::format_duration(self.warmup))?;
        let pin: Vec<String> = self.pin.iter().map(ToString::to_string).collect();
        let pin = if pin.is_empty() { "not pinned".to_owned() } else { pin.join(", ") };
        writeln!(f, "CPUs         {pin}")
    }
}

impl Display for ServerChoice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let behaviour = |behaviour: &ServerBehaviour| {
            if *behaviour == ServerBehaviour::Echo { "echoes" } else { "discards" }
        };
        match self {
            Self::Process => f.write_str("a separate process"),
            Self::InProcess => f.write_str("threads of the same process"),
            Self::ExternalServer(target, what) => {
                write!(f, "an external one at {target}, which {}", behaviour(what))
            }
            Self::ExternalClients(target, what) => {
                write!(f, "this process at {target}, which {}", behaviour(what))
            }
        }
    }
}
