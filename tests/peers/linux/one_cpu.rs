//! Keeping processes to one CPU.

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Does this on one CPU, with all processes that are started meanwhile.
pub(super) fn on_one_cpu<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let allowed = sched_getaffinity(None)?;
    // The first one tends to have the interrupts.
    let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| allowed.is_set(*cpu)).context("no CPU")?;
    let mut one = CpuSet::new();
    one.set(last);
    sched_setaffinity(None, &one)?;
    let result = work();
    sched_setaffinity(None, &allowed)?;
    result
}
