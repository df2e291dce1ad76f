//! Keeping processes to one CPU.

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Returns the CPUs that this process may use.
pub(super) fn allowed() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).collect())
}

/// Sets the CPUs of this process, and of all threads and processes that it starts later.
pub(super) fn keep_to(cpu: usize) -> Result<()> {
    let mut one = CpuSet::new();
    one.set(cpu);
    Ok(sched_setaffinity(None, &one)?)
}

/// Runs the function on one CPU, with all processes that it starts.
pub(super) fn on_one_cpu<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = sched_getaffinity(None)?;
    // The first CPU usually handles the interrupts.
    keep_to(*allowed()?.last().context("no CPU")?)?;
    let result = work();
    sched_setaffinity(None, &before)?;
    result
}
