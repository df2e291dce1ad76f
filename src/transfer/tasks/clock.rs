//! The timers of a connection: its time limits, and the time that its directions wait for their
//! outputs.

use super::direction::TaskDirection;
use crate::{
    deadline::Deadline,
    transfer::{EarlyEnd, StallWatch, TimeLimits, TransferOptions, TransferTimes},
};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::time::Sleep;

/// The time limits of a connection.
#[derive(Debug)]
pub(super) struct Clock {
    limits: TimeLimits,
    pub(super) started: Instant,
    pub(super) moved_at: Instant,
    /// Total time that the last direction has waited for input, and the start of the current wait.
    waited: Duration,
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Clock {
    pub(super) fn new(now: Instant, options: &TransferOptions) -> Self {
        Self {
            limits: options.limits(),
            started: now,
            moved_at: now,
            waited: Duration::ZERO,
            waiting_since: None,
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    /// Prepares for the next connection: `--linger` is about one connection.
    pub(super) fn restart_linger(&mut self) {
        (self.waited, self.waiting_since) = (Duration::ZERO, None);
    }

    /// Is ready when a limit is reached; `last` is the remaining direction if one has ended.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        last: Option<&TaskDirection>,
    ) -> Poll<EarlyEnd> {
        loop {
            let now = Instant::now();
            // Time during which the output is blocked does not count for --linger.
            if let Some(since) = self.waiting_since.take() {
                self.waited += now - since;
            }
            let waits = last.is_some_and(TaskDirection::waits_for_input);
            self.waiting_since = waits.then_some(now);
            let waited = waits.then_some(self.waited);
            let (elapsed, idle) = (now - self.started, now - self.moved_at);
            let times = TransferTimes { elapsed, idle, waited };
            let Some((rest, limit)) = self.limits.next(times) else { return Poll::Pending };
            if rest.is_zero() {
                return Poll::Ready(limit);
            }
            let Some(at) = Deadline::after(now, rest).instant() else { return Poll::Pending };
            self.timer.as_mut().reset(at.into());
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Watches whether the directions of a connection wait for their outputs.
pub(super) struct Stalls {
    watches: [StallWatch; 2],
    timer: Pin<Box<Sleep>>,
}

impl Stalls {
    pub(super) fn new() -> Self {
        let timer = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { watches: Default::default(), timer }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, directions: [&TaskDirection; 2]) {
        loop {
            for (watch, direction) in self.watches.iter_mut().zip(directions) {
                direction.watch_stall(watch, Instant::now());
            }
            let Some(due) = self.watches.iter().filter_map(StallWatch::due).min() else { return };
            self.timer.as_mut().reset(due.into());
            if self.timer.as_mut().poll(cx).is_pending() {
                return;
            }
        }
    }
}
