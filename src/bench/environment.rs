//! The environment of a measurement.

use crate::system;
use serde::{Deserialize, Serialize};
use std::{env, fs, thread, time::SystemTime};

/// The machine, the system and the program, as far as the system reports them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Environment {
    /// Version of lsock.
    pub(crate) lsock: String,
    /// Start of the measurement in UTC, in the format of RFC 3339.
    pub(crate) time: String,
    /// Name and version of the system.
    pub(crate) system: String,
    /// Name and version of the kernel, if it has a version of its own.
    pub(crate) kernel: Option<String>,
    /// Architecture of the CPUs, such as `x86_64`.
    pub(crate) machine: String,
    /// Model name of the CPUs, if the system reports it.
    pub(crate) cpu: Option<String>,
    /// Number of CPUs that this process may use.
    pub(crate) cpus: usize,
    /// Frequency governor of the first CPU (Linux).
    pub(crate) governor: Option<String>,
    /// Words that followed `lsock bench` on the command line.
    pub(crate) options: Vec<String>,
}

impl Environment {
    /// Collects the current environment.
    pub(crate) fn now(options: Vec<String>) -> Self {
        Self {
            lsock: env!("CARGO_PKG_VERSION").to_owned(),
            time: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            system: system::os_name(),
            kernel: system::kernel_version(),
            machine: env::consts::ARCH.to_owned(),
            cpu: cpu(),
            cpus: thread::available_parallelism().map_or(1, usize::from),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            options,
        }
    }
}

/// Returns the model name of the first CPU (Linux and Windows).
fn cpu() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map(|(_, name)| name.trim().to_owned()).or_else(|| env::var("PROCESSOR_IDENTIFIER").ok())
}

fn line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}
