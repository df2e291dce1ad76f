//! CPU time and memory of a process and all its descendants.

use anyhow::{Context as _, Result};
use nix::{
    sys::resource::{UsageWho, getrusage},
    time::clock_getcpuclockid,
};
use rustix::{param::clock_ticks_per_second, process::Pid};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// Returns the fields of `/proc/PID/stat` after the name of the command.
fn stat(pid: Pid) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Returns the process and its descendants.
fn tree(root: Pid) -> Result<Vec<Pid>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot read /proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        // Other processes start and end meanwhile.
        let Some((pid, fields)) = pid.and_then(|pid| Some((pid, stat(pid)?))) else { continue };
        if let Some(parent) = fields.get(1).and_then(|text| text.parse().ok()) {
            parents.push((pid, Pid::from_raw(parent)));
        }
    }
    let mut tree = vec![root];
    let mut seen = 0;
    while let Some(parent) = tree.get(seen).copied() {
        seen += 1;
        tree.extend(parents.iter().filter(|(_, of)| *of == Some(parent)).map(|(pid, _)| pid));
    }
    Ok(tree)
}

/// Waits at most a second until the process has no descendants: the system adds their CPU time to
/// its own when they have ended.
pub(super) fn settle(root: Pid) -> Result<()> {
    let start = Instant::now();
    while tree(root)?.len() > 1 && start.elapsed() < Duration::from_secs(1) {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Returns the CPU time of the process and all its descendants, also of ended ones.
///
/// The system reports the time of a running process in nanoseconds, and the time of ended
/// processes, once they have been waited for, in ticks of 10 ms.
pub(super) fn cpu_seconds(root: Pid) -> Result<f64> {
    let mut sum = 0.0;
    for pid in tree(root)? {
        let clock = clock_getcpuclockid(nix::unistd::Pid::from_raw(pid.as_raw_nonzero().get()));
        if let Ok(time) = clock.and_then(nix::time::ClockId::now) {
            sum += Duration::from(time).as_secs_f64();
        }
        // cutime and cstime
        for field in stat(pid).unwrap_or_default().iter().skip(13).take(2) {
            sum += field.parse::<f64>()? / clock_ticks_per_second() as f64;
        }
    }
    Ok(sum)
}

/// Returns the CPU time in seconds of all processes that this one has started and waited for.
pub(super) fn ended_children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok([usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .sum())
}

/// Returns the memory of the process and all its descendants in bytes: private memory, and its
/// share of common memory (Pss). It does not contain the memory of the kernel for sockets.
pub(super) fn memory(root: Pid) -> Result<f64> {
    let mut sum = 0.0;
    for pid in tree(root)? {
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        sum += kib.with_context(|| format!("no Pss of process {pid}"))? * 1024.0;
    }
    Ok(sum)
}
