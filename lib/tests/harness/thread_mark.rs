//! Threads that wait in a system call.

use super::eventually;
use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, Scope, ScopedJoinHandle},
    time::Duration,
};

/// Runs a call in another thread. Returns when that thread sleeps in a system call.
pub(crate) fn spawn_waiting<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    call: impl FnOnce() -> T + Send + 'scope,
) -> ScopedJoinHandle<'scope, T> {
    let (sender, receiver) = mpsc::channel();
    let thread = scope.spawn(move || {
        sender.send(ThreadMark::current()).unwrap();
        call()
    });
    receiver.recv().unwrap().wait_until_asleep();
    thread
}

/// Identifies a thread.
#[derive(Debug)]
pub(crate) struct ThreadMark(Option<PathBuf>);

impl ThreadMark {
    /// Returns the mark of the calling thread.
    pub(crate) fn current() -> Self {
        Self(std::fs::read_link("/proc/thread-self").ok())
    }

    /// Waits until the thread sleeps in a system call. Tests must hold without this, too.
    pub(crate) fn wait_until_asleep(&self) {
        let Some(task) = &self.0 else {
            // Time is the subject: the thread gets some to reach the system call. This system has no
            // `/proc`, and no other call reports what a thread waits for.
            thread::sleep(Duration::from_millis(50));
            return;
        };
        let stat = Path::new("/proc").join(task).join("stat");
        eventually("the other thread waits", || {
            let stat = std::fs::read_to_string(&stat).unwrap_or_default();
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
        });
    }
}
