//! Executes the work: threads with blocking calls, or tasks of one event loop.

use super::{BenchError, RunResult, loops::Messages, tally::Tally};
use crate::{bench::Api, system::descriptor_limit};
use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    task::{self, Poll, Waker},
    thread::{self, JoinHandle},
};
use tokio::{
    runtime::{Builder, Handle},
    sync::{Notify, broadcast},
};

/// Workers and their reports. Tasks end on drop.
#[derive(Debug)]
pub(super) struct Workers {
    /// Starts workers that are not counted.
    pub(super) executor: Executor,
    _event_loop: Option<WorkerLoop>,
    /// For the results of workers.
    pub(super) sender: TallySender,
    pub(super) receiver: Receiver<RunResult<Tally>>,
    counters: Vec<Arc<AtomicU64>>,
    /// Workers wait until this is dropped.
    barrier: Option<broadcast::Sender<Infallible>>,
}

/// Sends the result of a worker.
pub(super) type TallySender = Sender<RunResult<Tally>>;

/// Starts workers; can be cloned and used by workers.
#[derive(Clone, Debug)]
pub(super) enum Executor {
    Threads { cpus: Arc<[usize]>, next: Arc<AtomicUsize> },
    EventLoop(Handle),
}

/// A thread with an event loop, which ends on drop.
#[derive(Debug)]
struct WorkerLoop {
    handle: Handle,
    end: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// Creates an executor of threads, pinned to the CPUs in turn, or of one event loop, pinned to
    /// the first CPU. Without CPUs nothing is pinned.
    pub(super) fn new(api: Api, cpus: &[usize]) -> RunResult<Self> {
        let event_loop = match api {
            Api::Sync => None,
            Api::Tokio => Some(WorkerLoop::start(cpus.first().copied())?),
        };
        let executor = match &event_loop {
            None => Executor::Threads { cpus: cpus.into(), next: Arc::default() },
            Some(event_loop) => Executor::EventLoop(event_loop.handle.clone()),
        };
        let (sender, receiver) = mpsc::channel();
        Ok(Self {
            executor,
            _event_loop: event_loop,
            sender,
            receiver,
            counters: Vec::new(),
            barrier: Some(broadcast::Sender::new(1)),
        })
    }

    /// Starts a worker, which waits for [`release`](Self::release).
    pub(super) fn spawn<F>(
        &mut self,
        messages: Messages,
        run: impl FnOnce(Messages) -> F,
    ) -> RunResult<()>
    where
        F: Future<Output = RunResult<Tally>> + Send + 'static,
    {
        self.counters.push(Arc::clone(&messages.progress.counter));
        let mut barrier = self.barrier.as_ref().map(broadcast::Sender::subscribe);
        let (work, is_thread) = (run(messages), matches!(self.executor, Executor::Threads { .. }));
        let work = async move {
            // The only result is the error that the channel is closed.
            match &mut barrier {
                Some(barrier) if is_thread => drop(barrier.blocking_recv()),
                Some(barrier) => drop(barrier.recv().await),
                None => {}
            }
            work.await
        };
        self.executor.spawn(work, self.sender.clone())
    }

    /// Lets the workers begin that [`spawn`](Self::spawn) has started.
    pub(super) fn release(&mut self) {
        self.barrier = None;
    }

    /// Returns a number that changes whenever a worker that [`spawn`](Self::spawn) started makes
    /// progress.
    pub(super) fn progress(&self) -> u64 {
        self.counters.iter().map(|counter| counter.load(Ordering::Relaxed)).sum()
    }

    /// Returns the number of workers that [`spawn`](Self::spawn) started.
    pub(super) fn count(&self) -> usize {
        self.counters.len()
    }
}

impl Executor {
    /// Starts a worker that sends its result to `sender`.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        sender: Sender<T>,
    ) -> RunResult<()> {
        match self {
            Self::Threads { cpus, next } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let cpu = (!cpus.is_empty()).then(|| cpus[number % cpus.len()]);
                let work = move || {
                    pin_thread(cpu);
                    if let Poll::Ready(done) = poll_once(work) {
                        // Nobody receives any more after another worker has failed.
                        let _ = sender.send(done);
                    }
                };
                thread::Builder::new()
                    .name(format!("worker {number}"))
                    .spawn(work)
                    .map_err(BenchError::io("cannot start a thread"))?;
            }
            Self::EventLoop(handle) => {
                handle.spawn(async move {
                    let _ = sender.send(work.await);
                });
            }
        }
        Ok(())
    }

    /// Executes a future and waits for its result.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = RunResult<T>> + Send + 'static,
    ) -> RunResult<T> {
        let died = || Err(BenchError::WorkerDied);
        match self {
            // Any thread can open a socket for blocking calls.
            Self::Threads { .. } => match poll_once(work) {
                Poll::Ready(done) => done,
                Poll::Pending => died(),
            },
            Self::EventLoop(_) => {
                let (sender, receiver) = mpsc::channel();
                self.spawn(work, sender)?;
                receiver.recv().unwrap_or_else(|_| died())
            }
        }
    }
}

/// Polls a future once: with blocking calls it is ready then.
fn poll_once<T>(work: impl Future<Output = T>) -> Poll<T> {
    pin!(work).poll(&mut task::Context::from_waker(Waker::noop()))
}

/// Pins this thread to a CPU, whose existence has been checked.
fn pin_thread(cpu: Option<usize>) {
    if let Some(id) = cpu
        && !core_affinity::set_for_current(core_affinity::CoreId { id })
    {
        tracing::debug!("cannot pin to CPU {id}");
    }
}

impl WorkerLoop {
    fn start(cpu: Option<usize>) -> RunResult<Self> {
        descriptor_limit::check_event_loops(1)
            .map_err(BenchError::io("cannot start an event loop"))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(BenchError::io("cannot start an event loop"))?;
        let (handle, end) = (runtime.handle().clone(), Arc::new(Notify::new()));
        let ended = Arc::clone(&end);
        let run = move || {
            pin_thread(cpu);
            runtime.block_on(ended.notified());
        };
        let thread = thread::Builder::new()
            .name("event loop".to_owned())
            .spawn(run)
            .map_err(BenchError::io("cannot start a thread"))?;
        Ok(Self { handle, end, thread: Some(thread) })
    }
}

impl Drop for WorkerLoop {
    fn drop(&mut self) {
        // Stored for the thread if it does not wait yet.
        self.end.notify_one();
        // Ends the tasks and closes their connections. Tasks never block, so this does not take
        // long.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
