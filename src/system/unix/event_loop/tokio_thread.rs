//! The thread in which tokio waits.

use std::{io, thread};
use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A thread that drives what tokio waits for, such as timers and child processes, until this is
/// dropped.
#[derive(Debug)]
pub(super) struct TokioThread {
    handle: Handle,
    _end: DropGuard,
}

impl TokioThread {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let end = CancellationToken::new();
        let ended = end.clone();
        let run = move || runtime.block_on(ended.cancelled());
        thread::Builder::new().name("tokio".to_owned()).spawn(run)?;
        Ok(Self { handle, _end: end.drop_guard() })
    }

    /// Makes timers and the like of tokio usable in the calling thread.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }
}
