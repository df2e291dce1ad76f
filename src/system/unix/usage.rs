//! Resource usage of processes (`getrusage(2)`, `proc_stat(5)`).

use crate::system::Used;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::{TimeVal, TimeValLike as _},
};
use std::{fs, io, time::Duration};

/// Returns the resource usage of this process.
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

/// Returns the CPU time of the whole system since its start, including interrupts and time stolen
/// by the hypervisor; `None` on systems other than Linux.
pub(crate) fn of_everybody() -> Option<Duration> {
    // Clock ticks are 10 ms since Linux 2.6.
    const TICK: u64 = 10;
    let text = fs::read_to_string("/proc/stat").ok()?;
    let fields = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let ticks: Vec<u64> = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
    // Fields: user nice system idle iowait irq softirq steal. The first two include guests.
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|index| ticks.get(*index));
    Some(Duration::from_millis(TICK * busy.sum::<u64>()))
}
