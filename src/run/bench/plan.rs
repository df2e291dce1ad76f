//! The plan of `lsock bench`.

use crate::{
    bench::{
        Amount, Api, Case, Rounds, ServerBehaviour, ServerDescription, ServerKind, Transport,
        Workload,
    },
    cli,
    diag::Failure,
    endpoint::Target,
    system::HAS_SOCKET_FILES,
};
use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// What will be measured, and how.
#[derive(Debug)]
pub(super) struct BenchPlan {
    pub(super) cases: Vec<Case>,
    pub(super) rounds: Rounds,
    pub(super) warmup: Duration,
    pub(super) pin: Vec<usize>,
    pub(super) server: ServerKind,
    /// NAME of `--to` or `--at`.
    pub(super) target: Option<Target>,
}

/// Duration of a run of the tour, whose 13 cases take ten seconds.
const TOUR: Duration = Duration::from_millis(200);
const TOUR_WARMUP: Duration = Duration::from_millis(50);

const DURATION: Duration = Duration::from_secs(1);
const WARMUP: Duration = Duration::from_millis(100);
const REPEAT: usize = 3;

impl BenchPlan {
    pub(super) fn new(args: &cli::Bench) -> Result<Self, Failure> {
        let cli::Bench { workload, work, external, .. } = args;
        let server = server_kind(*workload, work, external)?;
        let target = external.to.as_ref().or(external.at.as_ref());
        let (repeat, duration, warmup) = match workload {
            _ if server.has_foreign_clients() => (1, None, Duration::ZERO),
            None => (REPEAT, Some(TOUR), TOUR_WARMUP),
            Some(_) => (REPEAT, Some(DURATION), WARMUP),
        };
        let plan = Self {
            cases: match workload {
                None => tour(work)?,
                Some(workload) => cases(*workload, work, server, target),
            },
            rounds: Rounds {
                repeat: work.repeat.unwrap_or(repeat),
                amount: amount(work, duration),
            },
            warmup: work.warmup.unwrap_or(warmup),
            pin: work.pin.clone(),
            server,
            target: target.cloned(),
        };
        plan.check(work)?;
        Ok(plan)
    }

    /// Returns the server, for people and reports.
    pub(super) fn description(&self) -> ServerDescription {
        let name = self.target.as_ref().map(ToString::to_string);
        ServerDescription { kind: self.server, name }
    }

    /// Returns what to do if no server listens.
    pub(super) fn absent_server_hint(&self) -> &'static str {
        if self.cases.len() * self.rounds.repeat > 1 {
            "the server has to listen before each run; if it ends after its first client, \
             measure a single case with --repeat 1"
        } else {
            "start the server first"
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

fn server_kind(
    workload: Option<Workload>,
    work: &cli::WorkOptions,
    external: &cli::ExternalOptions,
) -> Result<ServerKind, Failure> {
    let usual = match workload {
        Some(Workload::Latency | Workload::Connect) => ServerBehaviour::Echo,
        _ => ServerBehaviour::Discard,
    };
    let usage = |text: String| Err(Failure::Usage(text));
    let Some(target) = external.to.as_ref().or(external.at.as_ref()) else {
        return match (external.expect, work.in_process) {
            (Some(_), _) => usage("--expect requires --to NAME or --at NAME".into()),
            (None, true) => Ok(ServerKind::InProcess),
            (None, false) => Ok(ServerKind::Process),
        };
    };
    if workload.is_none() {
        return usage(
            "--to and --at require a workload, such as `lsock bench throughput --to NAME`".into(),
        );
    }
    let has_lists = work.size.len() > 1 || work.clients.len() > 1 || work.api.len() > 1;
    if external.at.is_some() && has_lists {
        return usage(format!("--at {target} takes one --size, --clients and --api"));
    }
    if !matches!(target, Target::Name(_) | Target::Tcp(_)) {
        return usage(format!(
            "{target} is not a server to measure: --to and --at take NAME or tcp:HOST:PORT"
        ));
    }
    Ok(match (external.to.is_some(), external.expect.unwrap_or(usual)) {
        (true, ServerBehaviour::Echo) => ServerKind::ForeignEcho,
        (true, ServerBehaviour::Discard) => ServerKind::ForeignDiscard,
        (false, ServerBehaviour::Echo) => ServerKind::OwnEcho,
        (false, ServerBehaviour::Discard) => ServerKind::OwnDiscard,
    })
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
    let all: &[Transport] = if !HAS_SOCKET_FILES {
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
    let cases = [(Workload::Throughput, 64 << 10), (Workload::Latency, 64), (Workload::Connect, 8)]
        .into_iter()
        .flat_map(|(workload, size)| combinations(workload, over, &[size], 1, work))
        .filter(|case| case.workload != Workload::Connect || case.over.has_listener());
    Ok(cases.collect())
}

fn cases(
    workload: Workload,
    work: &cli::WorkOptions,
    server: ServerKind,
    target: Option<&Target>,
) -> Vec<Case> {
    let workload = match workload {
        // A server cannot measure how long its answers take.
        Workload::Latency if server.has_foreign_clients() => Workload::Throughput,
        _ => workload,
    };
    let (sizes, clients): (&[usize], usize) = match workload {
        Workload::Throughput if server.has_foreign_clients() => (&[64 << 10], 1),
        Workload::Throughput => (&[64, 4 << 10, 64 << 10, 1 << 20], 1),
        Workload::Latency => (&[64], 1),
        Workload::Connect => (&[8], 1),
        Workload::FanIn => (&[64], 16),
    };
    let over: &[Transport] = match target {
        Some(Target::Tcp(_)) => &[Transport::Tcp],
        // On Windows all names are paths of named pipes.
        Some(Target::Name(name)) if name.is_path() && HAS_SOCKET_FILES => &[Transport::File],
        Some(_) => &[Transport::Abstract],
        None => or_default(&work.over, &[Transport::Abstract]),
    };
    combinations(workload, over, sizes, clients, work)
}

/// Returns a case for each combination of the lists, which have defaults.
fn combinations(
    workload: Workload,
    over: &[Transport],
    sizes: &[usize],
    clients: usize,
    work: &cli::WorkOptions,
) -> Vec<Case> {
    let (both_ways, rate) = (work.both_ways, work.rate);
    let mut cases = Vec::new();
    for over in over.iter().copied() {
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
        writeln!(f, "server       {}", self.description())?;
        let Rounds { repeat, amount } = self.rounds;
        writeln!(f, "runs         {repeat} of each, in rounds")?;
        writeln!(f, "each         {amount}")?;
        writeln!(f, "warm-up      {}", humantime::format_duration(self.warmup))?;
        let pin: Vec<String> = self.pin.iter().map(ToString::to_string).collect();
        let pin = if pin.is_empty() { "not pinned".to_owned() } else { pin.join(", ") };
        writeln!(f, "CPUs         {pin}")
    }
}
