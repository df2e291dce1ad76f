//! Both directions of a connection: the effect of the end of one on the other, and the time
//! limits.

use super::{
    delivery_watch::DeliveryWatch,
    direction::{CopyPlan, TaskDirection},
};
use crate::{
    deadline::Deadline,
    system::{Descriptors, Socket},
    transfer::{
        AfterEnd, CopyMode, Direction, EarlyEnd, EmptyMessages, Meter, ObservedDirection, Observer,
        Parties, Party, Passing, TimeLimits, TransferOptions, TransferReport,
    },
};
use local_socket::Directions;
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

/// Settings of connections.
#[derive(Clone, Debug)]
pub(crate) struct TransferPlan {
    options: TransferOptions,
    copy: CopyPlan,
    /// Handling of descriptors that arrive with data.
    passing: Passing,
    /// The meter for the progress display, if there is one.
    meter: Option<Arc<Meter>>,
    observer: Option<Arc<dyn Observer>>,
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
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        let copy = CopyPlan {
            splices: options.may_splice() && passing != Passing::On && observer.is_none(),
            splices_only: options.copy == CopyMode::Splice,
            buffer: options.buffer.unwrap_or(BUFFER_SIZE),
            piece: options.buffer.unwrap_or(PIECE_SIZE),
            eof: options.eof,
            // An unused direction is replaced by a watch of its receiver, which needs the events.
            rests: options.sends && options.receives,
        };
        Self { options, copy, passing, meter, observer }
    }

    /// Returns the directions in which the connection to a target is used.
    pub(crate) fn directions(&self) -> Directions {
        self.options.directions()
    }

    /// Returns whether bytes are moved from the first end to the second one.
    pub(crate) fn sends(&self) -> bool {
        self.options.sends
    }
}

/// A running connection.
struct TaskTransfer<'a> {
    plan: &'a TransferPlan,
    number: u64,
    first: Socket,
    second: Socket,
    forth: TaskDirection,
    back: TaskDirection,
    clock: Option<Box<Clock>>,
}

/// Joins two sockets until both directions have ended, a limit is reached, or `closing` is cancelled.
/// `number` is the sequence number of the connection.
pub(crate) async fn transfer(
    (first, second): (Socket, Socket),
    parties: Parties,
    plan: &TransferPlan,
    number: u64,
    closing: &CancellationToken,
) -> TransferReport {
    let started = Instant::now();
    let options = &plan.options;
    if options.empty_messages == EmptyMessages::Data {
        for (socket, party) in [(&first, parties.first), (&second, parties.second)] {
            // The connection to our own standard streams keeps its end of file.
            if party != Party::ReportedStdio {
                socket.ignore_empty_messages();
            }
        }
    }
    let direction = |direction, is_used| {
        let descriptors = Descriptors::new(plan.passing == Passing::On);
        let observed = ObservedDirection::new(plan.observer.as_ref(), number, direction);
        TaskDirection::new(observed, is_used, descriptors)
    };
    let mut transfer = TaskTransfer {
        plan,
        number,
        first,
        second,
        forth: direction(Direction::Forth, options.sends),
        back: direction(Direction::Back, options.receives),
        clock: options.is_timed().then(|| Box::new(Clock::new(started, options))),
    };
    let mut closing = pin!(closing.cancelled());
    let early_end = poll_fn(|cx| {
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
    let TaskTransfer { first, second, forth, back, .. } = transfer;
    // Boxed, so that running connections do not reserve memory for it.
    let mut peers = Box::new([
        DeliveryWatch::new(second, &back, &forth, options, early_end),
        DeliveryWatch::new(first, &forth, &back, options, early_end),
    ]);
    poll_fn(|cx| {
        // Poll both: a decided one is closed at once.
        let are_decided = peers.each_mut().map(|peer| peer.poll(cx)).iter().all(Poll::is_ready);
        if are_decided { Poll::Ready(()) } else { closing.as_mut().poll(cx) }
    })
    .await;
    let [to_second, to_first] = peers.each_ref().map(DeliveryWatch::delivery);
    TransferReport {
        number: Some(number),
        parties,
        forth: forth.report(to_second, &plan.copy),
        back: back.report(to_first, &plan.copy),
        early_end,
        time,
    }
}

impl TaskTransfer<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let before = (self.forth.delivered(), self.back.delivered());
        loop {
            let had_ended = (self.forth.has_ended(), self.back.has_ended());
            let Self { first, second, plan, .. } = self;
            let _ = self.forth.poll(cx, first, second, &plan.copy);
            let _ = self.back.poll(cx, second, first, &plan.copy);
            self.look_for_hang_ups(cx);
            let have_ended = (self.forth.has_ended(), self.back.has_ended());
            if had_ended == have_ended || have_ended == (true, true) {
                break;
            }
            let eof = self.plan.options.eof;
            let stops = |end| eof.after(end) == AfterEnd::StopBoth;
            if self.forth.end().is_some_and(stops) || self.back.end().is_some_and(stops) {
                self.forth.stop();
                self.back.stop();
            }
        }
        for direction in [&mut self.forth, &mut self.back] {
            if direction.has_lost_descriptors() {
                self.plan.passing.warn(Some(self.number));
            }
        }
        self.note_progress(before);
        if self.forth.has_ended() && self.back.has_ended() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// If one direction has ended and the other one waits for input, checks whether its receiver
    /// has closed.
    fn look_for_hang_ups(&mut self, cx: &mut Context<'_>) {
        let copy = &self.plan.copy;
        if self.back.has_ended() && self.forth.waits_for_input() {
            self.second.probe_peer(cx);
            if self.second.poll_gone(cx).is_ready() {
                self.forth.receiver_is_gone(copy);
            }
        }
        if self.forth.has_ended() && self.back.waits_for_input() {
            self.first.probe_peer(cx);
            if self.first.poll_gone(cx).is_ready() {
                self.back.receiver_is_gone(copy);
            }
        }
    }

    fn note_progress(&mut self, before: (u64, u64)) {
        let moved = (self.forth.delivered() - before.0, self.back.delivered() - before.1);
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
        let last = match (self.forth.has_ended(), self.back.has_ended()) {
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
    fn poll(&mut self, cx: &mut Context<'_>, last: Option<&TaskDirection>) -> Poll<EarlyEnd> {
        loop {
            let now = Instant::now();
            // Time during which the output is blocked does not count for --linger.
            if let Some(since) = self.waiting_since.take() {
                self.waited += now - since;
            }
            let waits = last.is_some_and(TaskDirection::waits_for_input);
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
