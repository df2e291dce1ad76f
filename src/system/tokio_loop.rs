//! Event loops of tokio, for systems where this program has none of its own.

use std::io;
use tokio::runtime::{Builder, Handle, Runtime};

/// An event loop.
#[derive(Debug)]
pub(crate) struct EventLoop {
    /// `None` only while this is dropped.
    runtime: Option<Runtime>,
}

/// A handle to an event loop, for all threads.
#[derive(Clone, Debug)]
pub(crate) struct LoopHandle(Handle);

/// Number of tasks that run between two polls for events. It is low because a task moves up to some
/// hundred KiB.
const EVENT_INTERVAL: u32 = 8;

impl EventLoop {
    /// Makes event loops.
    ///
    /// # Errors
    /// Those of tokio.
    pub(crate) fn make(count: usize) -> io::Result<Vec<Self>> {
        let runtime =
            || Builder::new_current_thread().enable_all().event_interval(EVENT_INTERVAL).build();
        (0..count).map(|_| Ok(Self { runtime: Some(runtime()?) })).collect()
    }

    pub(crate) fn handle(&self) -> LoopHandle {
        LoopHandle(self.runtime().handle().clone())
    }

    /// Runs the event loop on this thread until the future is ready.
    pub(crate) fn run<T>(&self, main: impl Future<Output = T>) -> T {
        self.runtime().block_on(main)
    }

    fn runtime(&self) -> &Runtime {
        match &self.runtime {
            Some(runtime) => runtime,
            None => unreachable!("it is not being dropped"),
        }
    }
}

impl LoopHandle {
    /// Returns a handle to the event loop of the caller.
    ///
    /// # Errors
    /// `Other` outside of event loops.
    #[cfg(unix)]
    pub(crate) fn current() -> io::Result<Self> {
        Handle::try_current().map(Self).map_err(io::Error::other)
    }

    /// Spawns a task on the event loop.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // Without waiting for threads of the runtime. On Windows such a thread reads the output of a
        // command, which a process that the command has left running can keep open.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
