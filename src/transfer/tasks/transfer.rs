//! Both directions of a relayed connection: the effect of the end of one on the other, and the time
//! limits.

use super::{
    delivery_watch::DeliveryWatch,
    direction::{RelayDirection, RelayEnd, RelayMode},
    report::{RelayReport, RelaySide},
};
use crate::{
    deadline::Deadline,
    system::{Descriptors, Socket},
    transfer::{CopyMode, EarlyEnd, Eof, Meter, Passing, TimeLimits, TransferOptions},
};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

/// Settings of relayed connections.
#[derive(Clone, Debug)]
pub(crate) struct TransferPlan {
    options: TransferOptions,
    way: RelayMode,
    /// Handling of descriptors that arrive with data.
    passing: Passing,
    /// The meter for the progress display, if there is one.
    meter: Option<Arc<Meter>>,
}

/// Bytes copied at a time.
const BUFFER_SIZE: usize = 64 << 10;

/// Bytes spliced at a time: the size of a pipe.
const PIECE_SIZE: usize = 256 << 10;

impl TransferPlan {
    pub(crate) fn new(
        options: TransferOptions,
        passing: Passing,
        meter: Option<Arc<Meter>>,
    ) -> Self {
        let way = RelayMode {
            splices: options.copy != CopyMode::Buffer && passing != Passing::On,
            splices_only: options.copy == CopyMode::Splice,
            buffer: options.buffer.unwrap_or(BUFFER_SIZE),
            piece: options.buffer.unwrap_or(PIECE_SIZE),
            tells: options.eof == Eof::Half,
        };
        Self { options, way, passing, meter }
    }
}

/// A running connection.
struct RelayTransfer<'a> {
    plan: &'a TransferPlan,
    number: u64,
    client: Socket,
    target: Socket,
    forth: RelayDirection,
    back: RelayDirection,
    clock: Option<Box<Clock>>,
}

/// Joins two sockets until both directions have ended, a limit is reached, or `closing` is cancelled.
pub(crate) async fn transfer(
    (client, target): (Socket, Socket),
    plan: &TransferPlan,
    number: u64,
    closing: &CancellationToken,
) -> RelayReport {
    let started = Instant::now();
    let options = &plan.options;
    let descriptors = || Descriptors::new(plan.passing == Passing::On);
    let mut transfer = RelayTransfer {
        plan,
        number,
        client,
        target,
        forth: RelayDirection::new(options.sends, descriptors()),
        back: RelayDirection::new(options.receives, descriptors()),
        clock: options.is_timed().then(|| Box::new(Clock::new(started, options))),
    };
    let mut closing = pin!(closing.cancelled());
    let limit = poll_fn(|cx| {
        if transfer.poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(limit) = transfer.poll_limits(cx) {
            return Poll::Ready(Some(limit));
        }
        closing.as_mut().poll(cx).map(|()| Some(EarlyEnd::Closing))
    })
    .await;
    let time = started.elapsed();
    let RelayTransfer { client, target, forth, back, .. } = transfer;
    // Boxed, so that running connections do not reserve memory for it.
    let mut peers = Box::new([
        DeliveryWatch::new(target, &back, &forth, limit),
        DeliveryWatch::new(client, &forth, &back, limit),
    ]);
    poll_fn(|cx| {
        // Poll both: a decided one is closed at once.
        let are_decided = peers.each_mut().map(|peer| peer.poll(cx)).iter().all(Poll::is_ready);
        if are_decided { Poll::Ready(()) } else { closing.as_mut().poll(cx) }
    })
    .await;
    let [to_target, to_client] = peers.each_ref().map(DeliveryWatch::fate);
    let side = |direction: RelayDirection, fate| RelaySide {
        bytes: direction.bytes,
        ending: direction.into_ending(),
        fate,
    };
    RelayReport { to_target: side(forth, to_target), to_client: side(back, to_client), limit, time }
}

impl RelayTransfer<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let before = (self.forth.bytes, self.back.bytes);
        loop {
            let were_over = (self.forth.is_over(), self.back.is_over());
            let Self { client, target, plan, .. } = self;
            let _ = self.forth.poll(cx, client, target, &plan.way);
            let _ = self.back.poll(cx, target, client, &plan.way);
            self.look_for_hang_ups(cx);
            let are_over = (self.forth.is_over(), self.back.is_over());
            if were_over == are_over || are_over == (true, true) {
                break;
            }
            if self.plan.options.eof == Eof::Close {
                self.forth.stop();
                self.back.stop();
            }
        }
        self.tell_of_descriptors();
        self.note_progress(before);
        if self.forth.is_over() && self.back.is_over() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// If one direction has ended and the other one waits for input, checks whether its receiver
    /// has closed.
    fn look_for_hang_ups(&mut self, cx: &mut Context<'_>) {
        if self.back.is_over()
            && self.forth.waits_for_input()
            && self.target.poll_gone(cx).is_ready()
        {
            self.forth.end(RelayEnd::PeerGone);
        }
        if self.forth.is_over()
            && self.back.waits_for_input()
            && self.client.poll_gone(cx).is_ready()
        {
            self.back.end(RelayEnd::PeerGone);
        }
    }

    /// Logs lost descriptors, once for each direction.
    fn tell_of_descriptors(&mut self) {
        for direction in [&mut self.forth, &mut self.back] {
            if direction.descriptors.were_lost() {
                tracing::warn!("connection {}: {}", self.number, self.plan.passing.warning());
            }
        }
    }

    fn note_progress(&mut self, before: (u64, u64)) {
        let moved = (self.forth.bytes - before.0, self.back.bytes - before.1);
        if moved == (0, 0) {
            return;
        }
        if let Some(clock) = &mut self.clock {
            clock.moved_at = Instant::now();
        }
        if let Some(meter) = &self.plan.meter {
            meter.sent.moved(usize::try_from(moved.0).unwrap_or(usize::MAX));
            meter.received.moved(usize::try_from(moved.1).unwrap_or(usize::MAX));
        }
    }

    /// Is ready when a time limit has been reached.
    fn poll_limits(&mut self, cx: &mut Context<'_>) -> Poll<EarlyEnd> {
        let Some(clock) = &mut self.clock else { return Poll::Pending };
        let last = match (self.forth.is_over(), self.back.is_over()) {
            (true, false) => Some(&self.back),
            (false, true) => Some(&self.forth),
            _ => None,
        };
        clock.poll(cx, last)
    }
}

/// The time limits of a connection.
struct Clock {
    limits: TimeLimits,
    moved_at: Instant,
    /// Total time that the last direction has waited for input, and the start of the current wait.
    waited: Duration,
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Clock {
    fn new(now: Instant, options: &TransferOptions) -> Self {
        Self {
            limits: options.limits(),
            moved_at: now,
            waited: Duration::ZERO,
            waiting_since: None,
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    /// Is ready when a limit is reached; `last` is the remaining direction if one has ended.
    fn poll(&mut self, cx: &mut Context<'_>, last: Option<&RelayDirection>) -> Poll<EarlyEnd> {
        loop {
            let now = Instant::now();
            // Time during which the output is blocked does not count for --linger.
            if let Some(since) = self.waiting_since.take() {
                self.waited += now - since;
            }
            let waits = last.is_some_and(RelayDirection::waits_for_input);
            self.waiting_since = waits.then_some(now);
            let waited = waits.then_some(self.waited);
            let Some((rest, limit)) = self.limits.next(now - self.moved_at, waited) else {
                return Poll::Pending;
            };
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
