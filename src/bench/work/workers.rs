//! Executor behaviour the work: threads that wait, or the tasks of one event loop.

use super::{
    BenchError,
    phase::MessageCounter,
    tally::{Tally, WorkerProgress},
};
use crate::bench::Api;
use anyhow::Context as _;
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    task::{self, Poll, Waker},
    thread::{self, JoinHandle},
};
use tokio::{
    runtime::{Builder, Handle},
    sync::Notify,
};

/// Workers and what they report. Those of an event loop end with this.
#[derive(Debug)]
pub(super) struct Workers {
    executor: Executor,
    _event_loop: Option<WorkerLoop>,
    report: TallySender,
    reports: Receiver<anyhow::Result<Tally>>,
    counters: Vec<MessageCounter>,
}

/// Where workers report.
pub(super) type TallySender = Sender<anyhow::Result<Tally>>;

/// Those executor can be given work, by other workers as well.
#[derive(Clone, Debug)]
pub(super) enum Executor {
    Threads { cpus: Arc<[usize]>, next: Arc<AtomicUsize> },
    WorkerLoop(Handle),
}

/// A thread that runs tasks until this is dropped.
#[derive(Debug)]
struct WorkerLoop {
    handle: Handle,
    end: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// Of threads that each keep to one of the CPUs in turn, or of one event loop on the
    /// first one. Without CPUs they are where the system puts them.
    pub(super) fn new(api: Api, cpus: &[usize]) -> anyhow::Result<Self> {
        let event_loop = match api {
            Api::Sync => None,
            Api::Tokio => Some(WorkerLoop::start(cpus.first().copied())?),
        };
        let executor = match &event_loop {
            None => Executor::Threads { cpus: cpus.into(), next: Arc::default() },
            Some(event_loop) => Executor::WorkerLoop(event_loop.handle.clone()),
        };
        let (report, reports) = mpsc::channel();
        Ok(Self { executor, _event_loop: event_loop, report, reports, counters: Vec::new() })
    }

    pub(super) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Where a worker reports that is not put to work here.
    pub(super) fn report(&self) -> TallySender {
        self.report.clone()
    }

    /// Has somebody do this.
    pub(super) fn spawn<F>(
        &mut self,
        progress: WorkerProgress,
        run: impl FnOnce(WorkerProgress) -> F,
    ) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<Tally>> + Send + 'static,
    {
        self.counters.push(progress.counter());
        self.executor.spawn(run(progress), self.report.clone())
    }

    /// What has been reported, one after another.
    pub(super) fn reports(&self) -> &Receiver<anyhow::Result<Tally>> {
        &self.reports
    }

    /// How many messages have been sent, or are known to have been, by those at work here.
    pub(super) fn messages(&self) -> u64 {
        self.counters.iter().map(MessageCounter::get).sum()
    }

    /// How many have been put to work.
    pub(super) fn count(&self) -> usize {
        self.counters.len()
    }
}

impl Executor {
    /// Has somebody do this, and report.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        report: Sender<T>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Threads { cpus, next } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let cpu = (!cpus.is_empty()).then(|| cpus[number % cpus.len()]);
                let work = move || {
                    pin_thread(cpu);
                    if let Poll::Ready(done) = poll_once(work) {
                        // Nobody listens any more if another one has failed.
                        let _ = report.send(done);
                    }
                };
                thread::Builder::new()
                    .name(format!("worker {number}"))
                    .spawn(work)
                    .context("cannot start a thread")?;
            }
            Self::WorkerLoop(handle) => {
                handle.spawn(async move {
                    let _ = report.send(work.await);
                });
            }
        }
        Ok(())
    }

    /// ServerBehaviour this and waits for it.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (report, reports) = mpsc::channel();
        match self {
            // Where it waits is no matter: what it opens belongs to no thread.
            Self::Threads { .. } => match poll_once(work) {
                Poll::Ready(done) => return done,
                Poll::Pending => {}
            },
            Self::WorkerLoop(_) => self.spawn(work, report)?,
        }
        reports.recv().unwrap_or_else(|_| Err(BenchError::WorkerDied.into()))
    }
}

/// What a future comes to that waits inside its calls, as all do whose ends are of that kind.
fn poll_once<T>(work: impl Future<Output = T>) -> Poll<T> {
    pin!(work).poll(&mut task::Context::from_waker(Waker::noop()))
}

/// Keeps this thread to the CPU. That there is such a one has been checked before.
fn pin_thread(cpu: Option<usize>) {
    if let Some(id) = cpu
        && !core_affinity::set_for_current(core_affinity::CoreId { id })
    {
        tracing::debug!("cannot keep to CPU {id}");
    }
}

impl WorkerLoop {
    fn start(cpu: Option<usize>) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start an event loop")?;
        let (handle, end) = (runtime.handle().clone(), Arc::new(Notify::new()));
        let ended = Arc::clone(&end);
        let run = move || {
            pin_thread(cpu);
            runtime.block_on(ended.notified());
        };
        let thread = thread::Builder::new()
            .name("event loop".to_owned())
            .spawn(run)
            .context("cannot start a thread")?;
        Ok(Self { handle, end, thread: Some(thread) })
    }
}

impl Drop for WorkerLoop {
    fn drop(&mut self) {
        // Kept for the thread if it behaviour not wait yet.
        self.end.notify_one();
        // With it go the tasks and what they have open. No task waits for anything but events.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
