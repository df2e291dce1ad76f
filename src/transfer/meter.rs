use super::{WriteStop, delivery::ended_error, report::undelivered};
use crate::diag::{Failure, Receiver};
use std::{
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{self, Relaxed},
    },
    time::{Duration, Instant},
};

/// Counters of a running transfer, which other threads can read.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) sent: Gauge,
    pub(crate) received: Gauge,
    pub(crate) started: Instant,
    /// Set when both directions must end.
    pub(super) stop: AtomicBool,
    /// Set when the reader of the output has closed: the sending direction ends after the bytes
    /// that have already arrived on the input.
    pub(super) output_is_gone: AtomicBool,
    /// Set when the grace time of the server is over, before its connection is shut down.
    closing: AtomicBool,
    /// Stops the delivery of held bytes, which count as lost then.
    pub(crate) write_stop: WriteStop,
}

/// Counters and times of one direction.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// Bytes that were read, and bytes of these that were delivered.
    read: AtomicU64,
    delivered: AtomicU64,
    started: Instant,
    /// Whether times are recorded, which costs system calls.
    timed: bool,
    /// Time of the last delivered byte, in nanoseconds from the start.
    moved_at: AtomicU64,
    /// Total time spent waiting for input, and the start of the current wait (0: none).
    waited: AtomicU64,
    waiting_since: AtomicU64,
}

impl Meter {
    pub(crate) fn new(timed: bool) -> Self {
        let started = Instant::now();
        Self {
            sent: Gauge::new(started, timed),
            received: Gauge::new(started, timed),
            started,
            stop: AtomicBool::new(false),
            output_is_gone: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            write_stop: WriteStop::default(),
        }
    }

    /// Records that the connection is going to be shut down at the end of the grace time.
    pub(crate) fn set_closing(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Returns whether the connection was shut down at the end of the grace time.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Returns the losses if the transfer ended now.
    pub(crate) fn losses(&self) -> impl Iterator<Item = Failure> {
        let gauges = [(Receiver::Output, &self.received), (Receiver::Peer, &self.sent)];
        gauges.into_iter().filter_map(|(receiver, gauge)| gauge.loss(receiver))
    }

    /// Returns the time since the last delivered byte.
    pub(super) fn idle_time(&self) -> Duration {
        let last = self.sent.moved_at.load(Relaxed).max(self.received.moved_at.load(Relaxed));
        self.started.elapsed().saturating_sub(Duration::from_nanos(last))
    }
}

impl Gauge {
    fn new(started: Instant, timed: bool) -> Self {
        Self {
            read: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            started,
            timed,
            moved_at: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            waiting_since: AtomicU64::new(0),
        }
    }

    /// Returns the number of delivered bytes.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.load(Relaxed)
    }

    /// Returns the number of bytes that were read.
    pub(crate) fn total_read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Returns the number of bytes that were read and not delivered. If the direction has ended,
    /// they are lost.
    pub(crate) fn held(&self) -> u64 {
        let delivered = self.delivered();
        self.read.load(Relaxed).saturating_sub(delivered)
    }

    /// Returns the loss if the direction ended now.
    fn loss(&self, receiver: Receiver) -> Option<Failure> {
        let held = self.held();
        (held > 0).then(|| undelivered(receiver, ended_error(), Some(held), self.delivered()))
    }

    /// Records bytes that were read.
    pub(crate) fn read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Relaxed);
    }

    /// Records bytes that were delivered.
    pub(crate) fn moved(&self, bytes: usize) {
        self.delivered.fetch_add(bytes as u64, Relaxed);
        if self.timed {
            self.moved_at.store(self.now(), Relaxed);
        }
    }

    /// Records the start of a wait for input.
    pub(super) fn wait_begins(&self) {
        if self.timed {
            self.waiting_since.store(self.now(), Relaxed);
        }
    }

    /// Records the end of a wait for input.
    pub(super) fn wait_ends(&self) {
        if self.timed {
            let since = self.waiting_since.swap(0, Relaxed);
            if since != 0 {
                self.waited.fetch_add(self.now().saturating_sub(since), Relaxed);
            }
        }
    }

    /// Returns the total time spent waiting for input.
    pub(super) fn waited(&self) -> Duration {
        let since = self.waiting_since.load(Relaxed);
        let now = if since == 0 { 0 } else { self.now().saturating_sub(since) };
        Duration::from_nanos(self.waited.load(Relaxed) + now)
    }

    /// Returns the nanoseconds since the start, at least 1.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}
