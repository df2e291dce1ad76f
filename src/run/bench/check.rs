//! Rejects invalid plans before anything is opened.

use super::plan::BenchPlan;
use crate::{
    bench::{Amount, Api, Case, Results, ServerKind, Transport, Workload},
    cli,
    diag::Failure,
    system::{CAN_WAIT_FOR_PIPES, HAS_SOCKET_PAIRS},
};
use std::path::Path;

/// Largest message that an external server may echo while it is still being sent: less than the
/// socket buffers of any system.
const LARGEST_ECHO: usize = 64 << 10;

impl BenchPlan {
    /// Rejects unsupported combinations of options and cases that occur twice.
    pub(super) fn check(&self, work: &cli::WorkOptions) -> Result<(), Failure> {
        for (index, case) in self.cases.iter().enumerate() {
            self.check_case(case, work)?;
            if self.cases[..index].contains(case) {
                return Err(Failure::Usage(format!("{case} would be measured twice")));
            }
        }
        check_pin(&self.pin)
    }

    /// Rejects old results that contain none of the planned cases.
    pub(super) fn check_comparable(&self, old: &Results, path: &Path) -> Result<(), Failure> {
        let has_figure =
            |case: &Case| old.rows.iter().any(|row| row.case == *case && row.figure().is_some());
        if self.cases.iter().any(has_figure) {
            return Ok(());
        }
        Err(Failure::Usage(format!("{} contains none of these cases", path.display())))
    }

    /// Rejects more clients than the limit of descriptors allows. In each process a client takes
    /// one descriptor, or two for a pair of pipes.
    pub(super) fn check_descriptors(&self, room: Option<u64>) -> Result<(), Failure> {
        let Some(room) = room else { return Ok(()) };
        let sides = if self.server == ServerKind::InProcess { 2 } else { 1 };
        for case in &self.cases {
            let each = sides * if case.over == Transport::Pipe { 2 } else { 1 };
            if case.clients as u64 * each > room {
                return Err(Failure::Usage(format!(
                    "--clients {} is more than the limit of open files allows: {} (ulimit -n)",
                    case.clients,
                    room / each
                )));
            }
        }
        Ok(())
    }

    fn check_case(&self, case: &Case, work: &cli::WorkOptions) -> Result<(), Failure> {
        let usage = |text: String| Err(Failure::Usage(text));
        let Case { workload, over, api, size, clients, both_ways, rate } = case;
        if !over.has_listener() && *workload == Workload::Connect {
            return usage(format!("connect needs a listener, which --over {over} does not have"));
        }
        if !over.has_listener() && *clients > 1 && self.server != ServerKind::InProcess {
            return usage(format!(
                "--over {over} connects two processes once: several --clients require --in-process"
            ));
        }
        if *both_ways && *workload != Workload::Throughput {
            return usage("--both-ways requires throughput".into());
        }
        if rate.is_some() && *workload != Workload::Latency {
            return usage("--rate requires latency".into());
        }
        if let (Some(rate), Amount::Time(time)) = (rate, self.rounds.amount)
            && *rate as f64 * time.as_secs_f64() < 1.0
        {
            let time = humantime::format_duration(time);
            return usage(format!("at --rate {rate} no message is due within {time}"));
        }
        if !HAS_SOCKET_PAIRS && *over == Transport::Socketpair {
            let why = "Windows has no socket pairs";
            return Err(Failure::Unsupported { option: "--over socketpair", why });
        }
        if !CAN_WAIT_FOR_PIPES && *over == Transport::Pipe && *api == Api::Tokio {
            let why = "an event loop cannot wait for plain pipes on Windows";
            return Err(Failure::Unsupported { option: "--over pipe --api tokio", why });
        }
        let counts = matches!(self.rounds.amount, Amount::Messages(_));
        match (self.server, workload) {
            (ServerKind::ForeignDiscard, Workload::Latency) => {
                usage("latency requires a server that echoes: --expect echo".into())
            }
            (ServerKind::ForeignEcho, Workload::Latency | Workload::Connect)
                if *size > LARGEST_ECHO =>
            {
                usage(format!(
                    "{workload} --to takes --size up to {}K: the server would echo a larger \
                     message while it is still being sent",
                    LARGEST_ECHO >> 10
                ))
            }
            (ServerKind::ForeignDiscard, Workload::Connect)
                if !work.size.is_empty() || work.bytes.is_some() =>
            {
                usage(
                    "connect --expect discard sends nothing: it takes no --size or --bytes".into(),
                )
            }
            (kind, Workload::Connect) if kind.has_foreign_clients() => {
                if !work.clients.is_empty() {
                    return usage(
                        "connect --at takes --count, the number of connections, and no --clients"
                            .into(),
                    );
                }
                if counts {
                    return Ok(());
                }
                usage("connect --at requires --count, the number of connections of a run".into())
            }
            (kind, _) if kind.has_foreign_clients() && counts => usage(
                "--at takes --count only with connect: otherwise a run ends with its clients"
                    .into(),
            ),
            _ => Ok(()),
        }
    }
}

fn check_pin(pin: &[usize]) -> Result<(), Failure> {
    let cpus: Vec<usize> =
        core_affinity::get_core_ids().unwrap_or_default().iter().map(|cpu| cpu.id).collect();
    match pin.iter().find(|cpu| !cpus.contains(cpu)) {
        None => Ok(()),
        Some(_) if cpus.is_empty() => Err(Failure::Unsupported {
            option: "--pin",
            why: "this system does not let programs choose their CPU",
        }),
        Some(cpu) => {
            let all: Vec<String> = cpus.iter().map(ToString::to_string).collect();
            Err(Failure::Usage(format!(
                "--pin: there is no CPU {cpu} here, only {}",
                all.join(", ")
            )))
        }
    }
}
