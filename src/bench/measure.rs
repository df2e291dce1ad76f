//! The seam between measuring and everything that is done with what was measured.

use super::{Amount, Case, amount::seconds};
use crate::system::{self, Used};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::{io, time::Duration};

/// What measures one run of a case: processes and sockets, or a fake.
pub(crate) trait Measure {
    /// ServerBehaviour it once.
    ///
    /// # Errors
    /// Whatever stands in the way of a complete run: there is nothing in between.
    fn measure(&mut self, case: &Case, amount: Amount) -> anyhow::Result<Sample>;
}

/// What one run came to, after its warm-up.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// From the first message after the warm-up until the last one had arrived.
    pub(crate) elapsed: Duration,
    /// What was sent, in both directions if both sides send.
    pub(crate) bytes: u64,
    /// Messages that were sent, there and back as one; or connections.
    pub(crate) messages: u64,
    /// In nanoseconds, one for each message or connection that was timed.
    pub(crate) latencies: Option<Histogram<u64>>,
    /// What the process of the clients used, if it is ours; in one process, both sides.
    pub(crate) client: Option<Usage>,
    /// What the server's process used, if it is ours and another one.
    pub(crate) server: Option<Usage>,
    /// How many CPUs other processes kept busy meanwhile, if the system tells.
    pub(crate) other_cpus: Option<f64>,
    /// What the slowest client got done, of what the fastest one did: 1 is fair.
    pub(crate) fairness: Option<f64>,
}

/// For times in nanoseconds: up to a minute, with an error of at most 0.1 %. All are made
/// alike, so that they can be added.
pub(crate) fn histogram() -> Histogram<u64> {
    let bounds = Histogram::new_with_bounds(1, 60_000_000_000, 3);
    // Only bounds that contradict each other are refused.
    bounds.unwrap_or_else(|_| unreachable!("one is less than a minute"))
}

/// What a process used during a run.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// CPU time in user mode and in the kernel.
    #[serde(rename = "cpu_seconds", with = "seconds")]
    pub(crate) cpu: Duration,
    /// How often it gave its CPU up to wait, and how often it lost it, where that is known.
    pub(crate) switches: Option<ContextSwitches>,
}

/// Context switches.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContextSwitches {
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
}

impl Usage {
    /// Until now, by this process.
    pub(crate) fn now() -> io::Result<Self> {
        let Used { cpu, switches } = system::usage::of_this_process()?;
        let switches =
            switches.map(|(voluntary, involuntary)| ContextSwitches { voluntary, involuntary });
        Ok(Self { cpu, switches })
    }

    /// What was used between an earlier moment and this one.
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
