//! Signals to processes, and their resource usage as Linux reports it in `/proc`.

use super::{Outcome, Running};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::{fs, sync::Once};

/// Prepares this process for starting others, which inherit signal actions and limits.
pub(super) fn prepare() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        raise_descriptor_limit();
        // nohup and scripts that run the tests in the background ignore some of them.
        for number in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
            // SAFETY: the default action replaces no handler of ours.
            unsafe { signal(number, SigHandler::SigDfl) }.unwrap();
        }
    });
}

/// The tests hold both ends of many connections in one process.
fn raise_descriptor_limit() {
    const ENOUGH: u64 = 4096;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let enough = maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
    if current.is_some_and(|current| current < enough) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(enough), maximum }).unwrap();
    }
}

/// Sends a signal.
#[track_caller]
pub(crate) fn signal(running: &Running, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(running.pid()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

impl Running {
    /// Sends SIGTERM and expects that the process ends by it.
    #[track_caller]
    pub(crate) fn terminate(self) -> Outcome {
        signal(&self, Signal::TERM);
        self.end().died_of(Signal::TERM)
    }
}

/// Returns the number of open descriptors.
pub(crate) fn open_files(running: &Running) -> usize {
    count(&format!("/proc/{}/fd", running.pid()))
}

/// Returns the number of threads.
pub(crate) fn threads_of(running: &Running) -> usize {
    count(&format!("/proc/{}/task", running.pid()))
}

fn count(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// Returns the largest resident memory so far, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn peak_memory(running: &Running) -> u64 {
    status_size(running, "VmHWM:")
}

/// Returns the resident memory, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn memory(running: &Running) -> u64 {
    status_size(running, "VmRSS:")
}

#[cfg(target_os = "linux")]
fn status_size(running: &Running, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Returns the processor time so far, in hundredths of a second.
#[cfg(target_os = "linux")]
pub(crate) fn processor_time(running: &Running) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", running.pid())).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Returns whether a thread of that name sleeps in a function of the kernel whose name ends like
/// this.
#[cfg(target_os = "linux")]
pub(crate) fn waits_in(running: &Running, thread: &str, function: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", running.pid())).unwrap();
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    threads.map(|entry| entry.unwrap().path()).any(|path| {
        read(path.join("comm")).trim() == thread && read(path.join("wchan")).ends_with(function)
    })
}
