use crate::system::Used;
use cpu_time::ProcessTime;
use std::{io, time::Duration};

/// What this process has used until now (`GetProcessTimes`).
pub(crate) fn of_this_process() -> io::Result<Used> {
    Ok(Used { cpu: ProcessTime::try_now()?.as_duration(), switches: None })
}

/// The CPU time that all processes have used is not asked for here.
pub(crate) fn of_everybody() -> Option<Duration> {
    None
}
