use super::delivery::ended;
use crate::diag::{Failure, LossDirection};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// What a transfer has moved so far, read by others while it goes on.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) sent: Gauge,
    pub(crate) received: Gauge,
    pub(crate) started: Instant,
    /// Set when both directions are to end.
    pub(super) stop: AtomicBool,
    /// Set when what is held is not to be delivered any more: it counts as lost.
    pub(super) gives_up: AtomicBool,
}

/// What one direction has moved, and what it is doing.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// How many bytes were read, and how many of these were delivered.
    read: AtomicU64,
    bytes: AtomicU64,
    started: Instant,
    /// Whether times are kept; they are not free.
    timed: bool,
    /// When something was moved last, in nanoseconds from the start.
    moved_at: AtomicU64,
    /// How long it has waited for input, and since when it does so now (0: it does not).
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
            gives_up: AtomicBool::new(false),
        }
    }

    /// What is lost if the transfer is left as it is.
    pub(crate) fn losses(&self) -> impl Iterator<Item = Failure> {
        let sides = [(LossDirection::Receive, &self.received), (LossDirection::Send, &self.sent)];
        sides.into_iter().filter_map(|(direction, gauge)| gauge.loss(direction))
    }

    /// The time since anything was moved.
    pub(super) fn idle_time(&self) -> Duration {
        let last = self.sent.moved_at.load(Relaxed).max(self.received.moved_at.load(Relaxed));
        self.started.elapsed().saturating_sub(Duration::from_nanos(last))
    }
}

impl Gauge {
    fn new(started: Instant, timed: bool) -> Self {
        Self {
            read: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            started,
            timed,
            moved_at: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            waiting_since: AtomicU64::new(0),
        }
    }

    /// The number of bytes that were delivered.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Returns how many bytes were read and are not delivered. If the direction has ended,
    /// these are lost.
    pub(super) fn held(&self) -> u64 {
        let delivered = self.bytes();
        self.read.load(Relaxed).saturating_sub(delivered)
    }

    /// What is lost of the direction if it is left as it is.
    fn loss(&self, direction: LossDirection) -> Option<Failure> {
        let (held, delivered) = (self.held(), self.bytes());
        let failure =
            Failure::Undelivered { direction, error: ended(), bytes: Some(held), delivered };
        (held > 0).then_some(failure)
    }

    /// Bytes were read, and are to be delivered.
    pub(super) fn read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Relaxed);
    }

    /// Bytes were delivered.
    pub(crate) fn moved(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        if self.timed {
            self.moved_at.store(self.now(), Relaxed);
        }
    }

    /// From now on it waits for input.
    pub(super) fn waiting(&self) {
        if self.timed {
            self.waiting_since.store(self.now(), Relaxed);
        }
    }

    /// From now on it delivers.
    pub(super) fn delivering(&self) {
        if self.timed {
            let since = self.waiting_since.swap(0, Relaxed);
            if since != 0 {
                self.waited.fetch_add(self.now().saturating_sub(since), Relaxed);
            }
        }
    }

    /// How long it has waited for input so far.
    pub(super) fn waited(&self) -> Duration {
        let since = self.waiting_since.load(Relaxed);
        let now = if since == 0 { 0 } else { self.now().saturating_sub(since) };
        Duration::from_nanos(self.waited.load(Relaxed) + now)
    }

    /// Nanoseconds from the start; never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}
