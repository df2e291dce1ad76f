//! Combines the tallies of the workers of a run.

use super::{BenchError, RunResult, server::ServedTotals, tally::Tally};
use crate::bench::{Case, Sample, Usage, Workload, measure::merged};
use hdrhistogram::Histogram;
use std::time::Instant;

/// Fails with `Miscounted` if the server has received another number of bytes or connections.
pub(super) fn check(case: &Case, tallies: &[Tally], served: ServedTotals) -> RunResult<()> {
    let (sent, arrived, what) = if case.workload == Workload::Connect {
        let sent = tallies.iter().map(|tally| tally.all.messages).sum();
        (sent, served.connections, "connections")
    } else {
        (tallies.iter().map(|tally| tally.all.bytes).sum(), served.bytes, "bytes")
    };
    if sent == arrived { Ok(()) } else { Err(BenchError::Miscounted { sent, arrived, what }) }
}

pub(super) fn sample(
    case: &Case,
    tallies: &[Tally],
    start: Instant,
    client: Usage,
    server: Option<Usage>,
) -> RunResult<Sample> {
    let messages: Vec<u64> = tallies.iter().map(|tally| tally.measured.messages).collect();
    let start = tallies.iter().filter_map(|tally| tally.start).min().unwrap_or(start);
    let end = tallies.iter().map(|tally| tally.end).max().unwrap_or(start);
    let sample = Sample {
        elapsed: end.saturating_duration_since(start),
        bytes: tallies.iter().map(|tally| tally.measured.bytes).sum(),
        messages: messages.iter().sum(),
        latencies: merged(tallies.iter().filter_map(|tally| tally.times.as_ref())),
        client: Some(client),
        server,
        other_cpus: None,
        fairness: if tallies.len() == case.clients { fairness(&messages) } else { None },
    };
    let timed = sample.latencies.as_ref().map(Histogram::len);
    if let Some(arrived) = timed.filter(|timed| *timed != sample.messages) {
        let (sent, what) = (sample.messages, "messages");
        return Err(BenchError::Miscounted { sent, arrived, what });
    }
    let is_empty = sample.messages == 0 || sample.elapsed.is_zero();
    if is_empty { Err(BenchError::Nothing) } else { Ok(sample) }
}

/// Returns the minimum divided by the maximum; `None` for a single client.
fn fairness(messages: &[u64]) -> Option<f64> {
    let least = messages.iter().min()?;
    let most = messages.iter().max().filter(|most| **most > 0)?;
    (messages.len() > 1).then(|| *least as f64 / *most as f64)
}
