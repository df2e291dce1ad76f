//! Reasons to doubt figures, with advice.

use super::{Environment, ServerKind, Setup, Workload, results::Row};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// A reason to doubt figures. `cases` is the number of affected cases, `case` the worst of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Warning {
    /// A run was too short.
    TooShort { cases: usize, case: String, seconds: f64 },
    /// There are too few times for the high quantiles.
    FewTimes { cases: usize, case: String, count: u64 },
    /// Server and clients shared one CPU.
    OneCpu { pinned: bool },
    /// The runs of a case differ a lot.
    Spread { cases: usize, case: String, spread: f64 },
    /// The frequency of the CPUs is not constant.
    Frequency { governor: String },
    /// Other processes kept CPUs busy.
    Busy { cpus: f64 },
    /// The server discards, so nobody checked what arrived.
    NotVerified,
}

const MIN_SECONDS: f64 = 0.1;
/// Ten of them lie beyond p99.
const MIN_TIMES: u64 = 1000;
/// Spreads above this are warned of, and highlighted in tables.
pub(super) const MAX_SPREAD: f64 = 0.1;
const MAX_OTHER_CPUS: f64 = 0.1;

impl Warning {
    /// Returns the warnings about these rows.
    pub(super) fn of(environment: &Environment, setup: &Setup, rows: &[Row]) -> Vec<Self> {
        let mut warnings = Vec::new();
        if setup.server.kind == ServerKind::ForeignDiscard {
            warnings.push(Self::NotVerified);
        }
        let pinned = setup.server.kind.behaviour().is_none()
            && !setup.pin.is_empty()
            && setup.pin.iter().all(|cpu| *cpu == setup.pin[0]);
        if environment.cpus == 1 || pinned {
            // With a single CPU, `--pin` is not the reason.
            warnings.push(Self::OneCpu { pinned: environment.cpus > 1 });
        }
        if let Some(governor) = &environment.governor
            && governor != "performance"
        {
            warnings.push(Self::Frequency { governor: governor.clone() });
        }
        let other_cpus = rows.iter().flat_map(|row| &row.runs).filter_map(|run| run.other_cpus);
        if let Some(cpus) = other_cpus.max_by(f64::total_cmp).filter(|cpus| *cpus > MAX_OTHER_CPUS)
        {
            warnings.push(Self::Busy { cpus });
        }
        let shortest = |row: &Row| row.runs.iter().map(|run| run.seconds).min_by(f64::total_cmp);
        let short = rows.iter().filter_map(|row| Some((row, shortest(row)?)));
        let short = worst(short.filter(|(_, seconds)| *seconds < MIN_SECONDS), |seconds| -seconds);
        let too_short = |(cases, case, seconds)| Self::TooShort { cases, case, seconds };
        warnings.extend(short.map(too_short));
        let counts = rows.iter().filter(|row| row.case.workload == Workload::Latency);
        let counts = counts.filter_map(|row| Some((row, row.latency.as_ref()?.count)));
        let few = worst(counts.filter(|(_, count)| *count < MIN_TIMES), |count| -(count as f64));
        warnings.extend(few.map(|(cases, case, count)| Self::FewTimes { cases, case, count }));
        let spreads = rows.iter().filter_map(|row| Some((row, row.spread?)));
        let wide = worst(spreads.filter(|(_, spread)| *spread > MAX_SPREAD), |spread| spread);
        warnings.extend(wide.map(|(cases, case, spread)| Self::Spread { cases, case, spread }));
        warnings
    }

    /// Returns what the user can do.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::TooShort { .. } | Self::FewTimes { .. } => "use a longer --duration",
            Self::OneCpu { pinned: true } => "use --pin 0,1 to give each side its own CPU",
            Self::OneCpu { pinned: false } => {
                "with two CPUs the figures are different, because both sides run at the same time"
            }
            Self::Spread { .. } => "use a longer --duration, more runs (--repeat) or --pin",
            Self::Frequency { .. } => {
                "use `cpupower frequency-set -g performance` to keep it constant"
            }
            Self::Busy { .. } => "stop other programs and measure again",
            Self::NotVerified => {
                "use a server that echoes (--expect echo), so that the bytes can be checked"
            }
        }
    }
}

/// Returns the number of affected rows, and the worst of them with its value.
fn worst<'a, T: Copy>(
    affected: impl Iterator<Item = (&'a Row, T)>,
    severity: impl Fn(T) -> f64,
) -> Option<(usize, String, T)> {
    let all: Vec<(&Row, T)> = affected.collect();
    let worst = all.iter().max_by(|one, other| severity(one.1).total_cmp(&severity(other.1)));
    worst.map(|(row, value)| (all.len(), row.case.to_string(), *value))
}

/// Formats the worst case and the number of other cases.
fn case_and_others(case: &str, cases: usize) -> String {
    match cases {
        0 | 1 => case.to_owned(),
        2 => format!("{case} and one other case"),
        _ => format!("{case} and {} other cases", cases - 1),
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { cases, case, seconds } => {
                let ms = seconds * 1e3;
                write!(f, "{}: a run of {ms:.0} ms is too short", case_and_others(case, *cases))
            }
            Self::FewTimes { cases, case, count } => {
                write!(
                    f,
                    "{}: {count} times are too few for the tail",
                    case_and_others(case, *cases)
                )
            }
            Self::OneCpu { pinned: true } => {
                f.write_str("server and clients are pinned to one CPU")
            }
            Self::OneCpu { pinned: false } => f.write_str("server and clients share the only CPU"),
            Self::Spread { cases, case, spread } => {
                let percent = spread * 100.0;
                write!(f, "{}: the runs are {percent:.0} % apart", case_and_others(case, *cases))
            }
            Self::Frequency { governor } => {
                write!(f, "the frequency of the CPUs is governed by `{governor}`")
            }
            Self::Busy { cpus } => {
                write!(f, "other processes kept up to {cpus:.1} CPUs busy during the runs")
            }
            Self::NotVerified => {
                f.write_str("the received bytes were not checked: the server only discards them")
            }
        }
    }
}

#[cfg(test)]
mod tests;
