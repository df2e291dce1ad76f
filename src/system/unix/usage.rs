//! What processes use of the machine (`getrusage(2)`, `proc_stat(5)`).

use crate::system::Used;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::{TimeVal, TimeValLike as _},
};
use std::{fs, io, time::Duration};

/// What this process has used until now.
pub(crate) fn of_this_process() -> io::Result<Used> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let time = |time: TimeVal| {
        Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap_or_default())
    };
    let count = |count| u64::try_from(count).unwrap_or_default();
    Ok(Used {
        cpu: time(usage.user_time()) + time(usage.system_time()),
        switches: Some((
            count(usage.voluntary_context_switches()),
            count(usage.involuntary_context_switches()),
        )),
    })
}

/// The CPU time that all processes and whoever else takes it have used since the system
/// started, if it tells (Linux).
pub(crate) fn of_everybody() -> Option<Duration> {
    // Clock ticks of a 10 ms, as everywhere since Linux 2.6.
    const TICK: u64 = 10;
    let text = fs::read_to_string("/proc/stat").ok()?;
    let fields = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let ticks: Vec<u64> = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
    // user nice system (idle iowait) irq softirq steal; guests are in the first two.
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|index| ticks.get(*index));
    Some(Duration::from_millis(TICK * busy.sum::<u64>()))
}
