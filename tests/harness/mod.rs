//! What the tests share.

mod bench;
mod collected;
mod command;
mod data;
mod outcome;
mod running;
mod scene;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod wire;

pub(crate) use bench::{Report, Row};
pub(crate) use collected::Collected;
pub(crate) use command::Cmd;
pub(crate) use data::{Data, data};
pub(crate) use outcome::{Outcome, numbers};
pub(crate) use running::Running;
pub(crate) use scene::Scene;
#[cfg(unix)]
pub(crate) use unix::{
    NOBODY, has, is_root, open_files, signal, threads_of, wait_for_bytes, wait_for_file,
};
#[cfg(target_os = "linux")]
pub(crate) use unix::{has_pid_namespaces, memory, peak_memory, processor_time};
#[cfg(unix)]
pub(crate) use wire::{Host, Serving, Wire};

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// No wait takes longer, not even on a slow machine under load: what does has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(becomes(is_so), "waited {DEADLINE:?} in vain: {what}");
}

/// Whether something becomes so in time.
pub(crate) fn becomes(mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + DEADLINE;
    while !is_so() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Runs it on a thread of its own, so that what hangs does not hang the tests.
pub(crate) fn within_the_deadline<T: Send + 'static>(
    what: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(what()));
    is_done.recv_timeout(DEADLINE).ok()
}
