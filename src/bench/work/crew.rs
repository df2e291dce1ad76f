//! Who does the work: threads that wait, or the tasks of one event loop.

use super::{
    BenchError,
    phase::Live,
    tally::{Tally, Work},
};
use crate::{bench::Api, system::descriptor_limit};
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
pub(super) struct Crew {
    who: Who,
    _event_loop: Option<EventLoop>,
    report: Report,
    reports: Receiver<anyhow::Result<Tally>>,
    lives: Vec<Live>,
}

/// Where workers report.
pub(super) type Report = Sender<anyhow::Result<Tally>>;

/// Those who can be given work, by other workers as well.
#[derive(Clone, Debug)]
pub(super) enum Who {
    Threads { cpus: Arc<[usize]>, next: Arc<AtomicUsize> },
    EventLoop(Handle),
}

/// A thread that runs tasks until this is dropped.
#[derive(Debug)]
struct EventLoop {
    handle: Handle,
    end: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Crew {
    /// Of threads that each keep to one of the CPUs in turn, or of one event loop on the
    /// first one. Without CPUs they are where the system puts them.
    pub(super) fn new(api: Api, cpus: &[usize]) -> anyhow::Result<Self> {
        let event_loop = match api {
            Api::Sync => None,
            Api::Tokio => Some(EventLoop::start(cpus.first().copied())?),
        };
        let who = match &event_loop {
            None => Who::Threads { cpus: cpus.into(), next: Arc::default() },
            Some(event_loop) => Who::EventLoop(event_loop.handle.clone()),
        };
        let (report, reports) = mpsc::channel();
        Ok(Self { who, _event_loop: event_loop, report, reports, lives: Vec::new() })
    }

    pub(super) fn who(&self) -> &Who {
        &self.who
    }

    /// Where a worker reports that is not put to work here.
    pub(super) fn report(&self) -> Report {
        self.report.clone()
    }

    /// Has somebody do this.
    pub(super) fn put_to_work<F>(
        &mut self,
        work: Work,
        what: impl FnOnce(Work) -> F,
    ) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<Tally>> + Send + 'static,
    {
        self.lives.push(work.live());
        self.who.spawn(what(work), self.report.clone())
    }

    /// What has been reported, one after another.
    pub(super) fn reports(&self) -> &Receiver<anyhow::Result<Tally>> {
        &self.reports
    }

    /// How many messages have been sent, or are known to have been, by those at work here.
    pub(super) fn messages(&self) -> u64 {
        self.lives.iter().map(Live::get).sum()
    }

    /// How many have been put to work.
    pub(super) fn len(&self) -> usize {
        self.lives.len()
    }
}

impl Who {
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
                    keep_to(cpu);
                    if let Poll::Ready(done) = at_once(work) {
                        // Nobody listens any more if another one has failed.
                        let _ = report.send(done);
                    }
                };
                thread::Builder::new()
                    .name(format!("worker {number}"))
                    .spawn(work)
                    .context("cannot start a thread")?;
            }
            Self::EventLoop(handle) => {
                handle.spawn(async move {
                    let _ = report.send(work.await);
                });
            }
        }
        Ok(())
    }

    /// Does this and waits for it.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (report, reports) = mpsc::channel();
        match self {
            // Where it waits is no matter: what it opens belongs to no thread.
            Self::Threads { .. } => match at_once(work) {
                Poll::Ready(done) => return done,
                Poll::Pending => {}
            },
            Self::EventLoop(_) => self.spawn(work, report)?,
        }
        reports.recv().unwrap_or_else(|_| Err(BenchError::WorkerDied.into()))
    }
}

/// What a future comes to that waits inside its calls, as all do whose ends are of that kind.
fn at_once<T>(work: impl Future<Output = T>) -> Poll<T> {
    pin!(work).poll(&mut task::Context::from_waker(Waker::noop()))
}

/// Keeps this thread to the CPU. That there is such a one has been checked before.
fn keep_to(cpu: Option<usize>) {
    if let Some(id) = cpu
        && !core_affinity::set_for_current(core_affinity::CoreId { id })
    {
        tracing::debug!("cannot keep to CPU {id}");
    }
}

impl EventLoop {
    fn start(cpu: Option<usize>) -> anyhow::Result<Self> {
        descriptor_limit::check_event_loops(1).context("cannot start an event loop")?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start an event loop")?;
        let (handle, end) = (runtime.handle().clone(), Arc::new(Notify::new()));
        let ended = Arc::clone(&end);
        let run = move || {
            keep_to(cpu);
            runtime.block_on(ended.notified());
        };
        let thread = thread::Builder::new()
            .name("event loop".to_owned())
            .spawn(run)
            .context("cannot start a thread")?;
        Ok(Self { handle, end, thread: Some(thread) })
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // Kept for the thread if it does not wait yet.
        self.end.notify_one();
        // With it go the tasks and what they have open. No task waits for anything but events.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
