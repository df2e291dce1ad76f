use crate::system::{EventLoop, LoopHandle, descriptor_limit, signals};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Event loops, one thread each. The first event loop runs on the thread that calls
/// [`run`](Self::run).
///
/// A connection stays in one event loop, so connections share nothing between threads.
#[derive(Debug)]
pub(crate) struct EventLoops {
    first: EventLoop,
    all: Arc<[LoadedLoop]>,
    /// Ends the other event loops when it is dropped.
    _end: DropGuard,
}

/// An event loop, and how much it has to do.
#[derive(Clone, Debug)]
struct LoadedLoop {
    handle: LoopHandle,
    /// Number of its tasks that have not ended.
    load: Arc<AtomicUsize>,
}

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
        // Termination signals are delivered only to the first thread, which can block them while it
        // opens a listener. Another thread would let the process die then.
        let _held = signals::BlockedSignals::new();
        let end = CancellationToken::new();
        let guard = end.clone().drop_guard();
        let mut loops = EventLoop::make(count)?.into_iter().enumerate();
        let (_, first) = loops.next().ok_or(io::ErrorKind::InvalidInput)?;
        let mut all = vec![LoadedLoop::new(&first)];
        for (number, other) in loops {
            all.push(LoadedLoop::new(&other));
            let end = end.clone();
            let run = move || other.run(end.cancelled());
            thread::Builder::new().name(format!("event loop {number}")).spawn(run)?;
        }
        Ok(Self { first, all: all.into(), _end: guard })
    }

    /// Runs the first event loop until the future is ready.
    pub(crate) fn run<T>(&self, main: impl Future<Output = T>) -> T {
        self.first.run(main)
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
            let LoadedLoop { handle, load } = &all[chosen];
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

impl LoadedLoop {
    fn new(event_loop: &EventLoop) -> Self {
        Self { handle: event_loop.handle(), load: Arc::default() }
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
