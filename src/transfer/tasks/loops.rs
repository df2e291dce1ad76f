use crate::system::{descriptor_limit, signals};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

/// Event loops, one thread each. The first event loop runs on the thread that calls
/// [`run`](Self::run).
///
/// A connection stays in one event loop, so connections share nothing between threads.
#[derive(Debug)]
pub(crate) struct EventLoops {
    /// `None` only while this is dropped.
    first: Option<Runtime>,
    all: Arc<[EventLoop]>,
    end: CancellationToken,
}

/// A handle to an event loop.
#[derive(Clone, Debug)]
struct EventLoop {
    handle: Handle,
    /// Number of its tasks that have not ended.
    load: Arc<AtomicUsize>,
}

/// Number of tasks that run between two polls for events. It is low because a task moves up to some
/// hundred KiB.
const EVENT_INTERVAL: u32 = 8;

impl EventLoops {
    /// Starts one event loop for each processor.
    pub(crate) fn start() -> io::Result<Self> {
        Self::start_count(thread::available_parallelism().map_or(1, usize::from))
    }

    /// Starts one event loop, for one connection.
    pub(crate) fn start_one() -> io::Result<Self> {
        Self::start_count(1)
    }

    fn start_count(count: usize) -> io::Result<Self> {
        descriptor_limit::check_event_loops(count)?;
        let first = runtime()?;
        // Termination signals are delivered only to the first thread, which can block them while it
        // opens a listener. Another thread would let the process die then.
        let _held = signals::BlockedSignals::new();
        let end = CancellationToken::new();
        let mut all = vec![EventLoop::new(first.handle().clone())];
        for number in 1..count {
            let other = runtime()?;
            all.push(EventLoop::new(other.handle().clone()));
            let end = end.clone();
            let run = move || other.block_on(end.cancelled());
            thread::Builder::new().name(format!("event loop {number}")).spawn(run)?;
        }
        Ok(Self { first: Some(first), all: all.into(), end })
    }

    /// Runs the first event loop until the future is ready.
    pub(crate) fn run<T>(&self, main: impl Future<Output = T>) -> T {
        match &self.first {
            Some(first) => first.block_on(main),
            None => unreachable!("it is not being dropped"),
        }
    }

    /// Spawns a task on the least loaded event loop. The choice is made on the first event loop,
    /// which must be the caller, after tasks that have just finished are no longer counted.
    pub(crate) fn spawn<T: Future<Output = ()> + Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) {
        let all = Arc::clone(&self.all);
        self.all[0].handle.spawn(async move {
            let load = |index: usize| all[index].load.load(Ordering::Relaxed);
            // Among equals the first one is chosen.
            let chosen = (0..all.len()).min_by_key(|index| load(*index)).unwrap_or(0);
            let EventLoop { handle, load } = &all[chosen];
            let load = Load::new(load);
            // The task is made where it is awaited: a future that is passed on takes twice the memory.
            if chosen == 0 {
                drop(all);
                task().await;
                drop(load);
            } else {
                handle.spawn(async move {
                    task().await;
                    drop(load);
                });
            }
        });
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().event_interval(EVENT_INTERVAL).build()
}

impl EventLoop {
    fn new(handle: Handle) -> Self {
        Self { handle, load: Arc::default() }
    }
}

impl Drop for EventLoops {
    fn drop(&mut self) {
        self.end.cancel();
        // Without waiting for threads of the runtime. On Windows such a thread reads the output of a
        // command, which a process that the command has left running can keep open.
        if let Some(first) = self.first.take() {
            first.shutdown_background();
        }
    }
}

/// Counts a task of an event loop until it is dropped.
#[derive(Debug)]
struct Load(Arc<AtomicUsize>);

impl Load {
    fn new(load: &Arc<AtomicUsize>) -> Self {
        load.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(load))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_task_that_panics_ends_alone() {
        let loops = EventLoops::start().unwrap();
        let count = loops.all.len();
        let (sender, receiver) = mpsc::channel();
        loops.run(async {
            for _ in 0..4 * count {
                loops.spawn(|| async { panic!("in a task") });
            }
            for number in 0..4 * count {
                let sender = sender.clone();
                loops.spawn(move || async move {
                    tokio::task::yield_now().await;
                    let _ = sender.send(number);
                });
            }
            drop(sender);
            // Each task is counted until it has ended, even by a panic.
            while loops.all.iter().any(|it| it.load.load(Ordering::Relaxed) > 0)
                || Arc::strong_count(&loops.all) > 1
            {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        });
        let mut served: Vec<usize> = receiver.iter().collect();
        served.sort_unstable();
        assert_eq!(served, (0..4 * count).collect::<Vec<_>>());
    }
}
