//! On what it was measured.

use serde::{Deserialize, Serialize};
use std::{env, fs, thread, time::SystemTime};

/// The machine, the system and the program, as far as they can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Environment {
    /// The version of lsock.
    pub(crate) lsock: String,
    /// When it began, in UTC.
    pub(crate) time: String,
    /// The system and its version.
    pub(crate) system: String,
    /// The kernel and its version, where that is another thing.
    pub(crate) kernel: Option<String>,
    /// The kind of machine, such as `x86_64`.
    pub(crate) machine: String,
    /// What the CPUs are called, where the system tells.
    pub(crate) cpu: Option<String>,
    /// CPUs that this process may use.
    pub(crate) cpus: usize,
    /// How the first CPU's frequency is governed (Linux).
    pub(crate) governor: Option<String>,
    /// What stood behind `lsock bench` on the command line.
    pub(crate) options: Vec<String>,
}

impl Environment {
    /// As it is now.
    pub(crate) fn now(options: Vec<String>) -> Self {
        Self {
            lsock: env!("CARGO_PKG_VERSION").to_owned(),
            time: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            system: system(),
            kernel: crate::system::kernel(),
            machine: env::consts::ARCH.to_owned(),
            cpu: cpu(),
            cpus: thread::available_parallelism().map_or(1, usize::from),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            options,
        }
    }
}

fn system() -> String {
    let system = os_info::get();
    format!("{} {}", system.os_type(), system.version())
}

/// What the first CPU is called, on Linux and on Windows.
fn cpu() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map(|(_, name)| name.trim().to_owned()).or_else(|| env::var("PROCESSOR_IDENTIFIER").ok())
}

fn line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}
