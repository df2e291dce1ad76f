//! The interface between measuring and everything that uses the results.

use super::{Amount, Case, RunResult, amount::seconds};
use crate::system::{self, Used};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::{io, time::Duration};

/// Measures one run of a case: with processes and sockets, or as a fake in tests.
pub(crate) trait Measure {
    /// Measures one run.
    ///
    /// # Errors
    /// An error if the run is not complete; there are no partial results.
    fn measure(&mut self, case: &Case, amount: Amount) -> RunResult<Sample>;
}

/// Results of one run, without its warm-up.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Time from the first message after the warm-up to the arrival of the last one.
    pub(crate) elapsed: Duration,
    /// Bytes that were sent, in both directions if both sides send.
    pub(crate) bytes: u64,
    /// Number of messages (a message and its answer count as one) or connections.
    pub(crate) messages: u64,
    /// Times in nanoseconds, one for each timed message or connection.
    pub(crate) latencies: Option<Histogram<u64>>,
    /// Usage of the clients' process, unless the clients are external; with one process, that of
    /// both sides.
    pub(crate) client: Option<Usage>,
    /// Usage of the server's process, if it is a separate process of lsock.
    pub(crate) server: Option<Usage>,
    /// Number of CPUs that other processes kept busy during the run, if the system reports it.
    pub(crate) other_cpus: Option<f64>,
    /// Work of the slowest client divided by that of the fastest one: 1 is fair.
    pub(crate) fairness: Option<f64>,
}

/// Creates a histogram for times up to a minute in nanoseconds, with an error of at most 0.1 %.
/// All have the same bounds, so that they can be added.
pub(crate) fn histogram() -> Histogram<u64> {
    let bounds = Histogram::new_with_bounds(1, 60_000_000_000, 3);
    // Fails only if the bounds contradict each other.
    bounds.unwrap_or_else(|_| unreachable!("one is less than a minute"))
}

/// Merges histograms; `None` if there are none.
pub(super) fn merged<'a>(
    mut histograms: impl Iterator<Item = &'a Histogram<u64>>,
) -> Option<Histogram<u64>> {
    let mut all = histograms.next()?.clone();
    for more in histograms {
        // Cannot fail, because all have the same bounds.
        let _ = all.add(more);
    }
    Some(all)
}

/// Resource usage of a process during a run.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// CPU time in user mode and in the kernel.
    #[serde(rename = "cpu_seconds", with = "seconds")]
    pub(crate) cpu: Duration,
    /// Context switches, if the system counts them.
    pub(crate) switches: Option<ContextSwitches>,
}

/// Context switches: voluntary (the process waited) and involuntary (it was preempted).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContextSwitches {
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
}

impl Usage {
    /// Returns the usage of this process since its start.
    pub(crate) fn now() -> io::Result<Self> {
        let Used { cpu, switches } = system::usage::of_this_process()?;
        let switches =
            switches.map(|(voluntary, involuntary)| ContextSwitches { voluntary, involuntary });
        Ok(Self { cpu, switches })
    }

    /// Returns the usage between `earlier` and `self`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        let switches = |(now, then): (ContextSwitches, ContextSwitches)| ContextSwitches {
            voluntary: now.voluntary.saturating_sub(then.voluntary),
            involuntary: now.involuntary.saturating_sub(then.involuntary),
        };
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            switches: self.switches.zip(earlier.switches).map(switches),
        }
    }
}
