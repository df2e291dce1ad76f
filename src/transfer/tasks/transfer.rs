//! Both directions of a connection: the effect of the end of one on the other, and the time
//! limits.

use super::{
    clock::{Clock, Stalls},
    delivery_watch::DeliveryWatch,
    direction::{CopyPlan, TaskDirection},
    first_end::{FirstEnd, SignalWatch},
};
use crate::{
    system::{Descriptors, Socket},
    transfer::{
        AfterEnd, CopyMode, Delivery, DirectionEnd, EarlyEnd, EmptyMessages, Eof, LoggedConnection,
        Meter, Observation, ObservedDirection, Parties, Party, Passing, TransferOptions,
        TransferReport, peer_has_closed,
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
use tokio_util::sync::CancellationToken;

/// Settings of connections.
#[derive(Clone, Debug)]
pub(crate) struct TransferPlan {
    options: TransferOptions,
    copy: CopyPlan,
    /// How the second direction moves bytes.
    copy_back: CopyPlan,
    /// Handling of descriptors that arrive with data.
    passing: Passing,
    /// The meter for the progress display, if there is one.
    meter: Option<Arc<Meter>>,
    observation: Option<Observation>,
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
        observation: Option<Observation>,
    ) -> Self {
        let copy = CopyPlan {
            splices: options.may_splice() && passing != Passing::On && observation.is_none(),
            splices_only: options.copy == CopyMode::Splice,
            buffer: options.buffer.unwrap_or(BUFFER_SIZE),
            piece: options.buffer.unwrap_or(PIECE_SIZE),
            eof: options.eof,
            // An unused direction is replaced by a watch of its receiver, which needs the events.
            rests: options.sends && options.receives,
            keeps: false,
        };
        Self { options, copy, copy_back: copy, passing, meter, observation }
    }

    /// Returns the plan for connections whose first end outlasts them: what a second end has not
    /// taken is kept for the next one, whose bytes follow those of the last one.
    pub(crate) fn with_next(self) -> Self {
        let copy = CopyPlan { keeps: true, ..self.copy };
        let copy_back = CopyPlan { eof: Eof::Wait, ..self.copy_back };
        Self { copy, copy_back, ..self }
    }

    /// Returns the directions in which the connection to a target is used.
    pub(crate) fn directions(&self) -> Directions {
        self.options.directions()
    }

    /// Returns the observer of the connections, if there is one.
    pub(crate) fn observation(&self) -> Option<&Observation> {
        self.observation.as_ref()
    }

    /// Returns whether bytes are moved from the first end to the second one.
    pub(crate) fn sends(&self) -> bool {
        self.options.sends
    }

    /// Returns the number of bytes that are copied at a time.
    pub(super) fn buffer_size(&self) -> usize {
        self.copy.buffer
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
    /// Watches for back-pressure, for the log.
    stalls: Option<Box<Stalls>>,
}

/// Joins two sockets until both directions have ended, a limit is reached, or `closing` is cancelled.
/// `number` is the sequence number of the connection.
pub(crate) fn transfer<'a>(
    sockets: (Socket, Socket),
    parties: Parties,
    plan: &'a TransferPlan,
    number: u64,
    closing: &'a CancellationToken,
) -> impl Future<Output = TransferReport> + Send + 'a {
    run(sockets, parties, plan, number, closing, None)
}

/// Joins the first end to a server in the same way. If the server has ended before the first end,
/// [`FirstEnd::is_left`] returns `true`: it can be joined to another server.
pub(crate) async fn transfer_of(
    first: &mut FirstEnd,
    server: Socket,
    parties: Parties,
    plan: &TransferPlan,
    number: u64,
    closing: &CancellationToken,
) -> Option<TransferReport> {
    let socket = first.socket.take()?;
    first.was_connected = true;
    Some(run((socket, server), parties, plan, number, closing, Some(first)).await)
}

/// Joins two sockets; `lasting` is the first end if it outlasts the connection.
///
/// Not an `async fn`: its future would hold the sockets as arguments and again in the transfer.
fn run<'a>(
    (first, second): (Socket, Socket),
    parties: Parties,
    plan: &'a TransferPlan,
    number: u64,
    closing: &'a CancellationToken,
    mut lasting: Option<&'a mut FirstEnd>,
) -> impl Future<Output = TransferReport> + Send + 'a {
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
    let direction = |observed: ObservedDirection, is_used| {
        let descriptors = Descriptors::new(plan.passing == Passing::On);
        TaskDirection::new(observed, is_used, descriptors)
    };
    let logged = Some(LoggedConnection { number: Some(number), parties });
    let [forth, back] = Observation::directions(plan.observation.as_ref(), number, logged);
    let mut transfer = TaskTransfer {
        plan,
        number,
        first,
        second,
        forth: direction(forth, options.sends),
        back: direction(back, options.receives),
        clock: options.is_timed().then(|| Box::new(Clock::new(started, options))),
        stalls: tracing::enabled!(tracing::Level::DEBUG).then(|| Box::new(Stalls::new())),
    };
    if let Some(lasting) = &mut lasting {
        transfer.forth.resume(std::mem::take(&mut lasting.held), lasting.input_has_ended);
        transfer.clock = lasting.clock.take().or(transfer.clock);
    }
    let mut signal =
        lasting.as_ref().map(|end| Box::new(SignalWatch::new(end.ending.clone(), options)));
    async move {
        let mut closing = pin!(closing.cancelled());
        let early_end = poll_fn(|cx| {
            let before = transfer.delivered();
            if transfer.poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            if let Some(signal) = &mut signal
                && signal.poll(cx).is_ready()
            {
                if before != transfer.delivered() {
                    cx.waker().wake_by_ref();
                } else if transfer.waits_for_input() {
                    return Poll::Ready(None);
                }
            }
            transfer.log_stalls(cx);
            if let Poll::Ready(limit) = transfer.poll_limits(cx) {
                return Poll::Ready(Some(limit));
            }
            closing.as_mut().poll(cx).map(|()| Some(EarlyEnd::Closing))
        })
        .await;
        let ended = EndedTransfer { transfer, parties, early_end, time: started.elapsed() };
        // Boxed, so that running connections do not reserve memory for it.
        Box::pin(ended.conclude(lasting, closing)).await
    }
}

/// A connection whose directions have ended, or that was ended early.
struct EndedTransfer<'a> {
    transfer: TaskTransfer<'a>,
    parties: Parties,
    early_end: Option<EarlyEnd>,
    time: Duration,
}

impl EndedTransfer<'_> {
    /// Waits until it is decided whether the peers have read everything, and returns the report.
    async fn conclude(
        self,
        lasting: Option<&mut FirstEnd>,
        mut closing: Pin<&mut impl Future<Output = ()>>,
    ) -> TransferReport {
        let Self { transfer, parties, early_end, time } = self;
        let has_next = early_end.is_none() && transfer.server_has_ended();
        let TaskTransfer { plan, number, first, second, mut forth, back, clock, .. } = transfer;
        let options = &plan.options;
        // A reset of TCP may have discarded data of the peer as well, which was not read.
        let excuses = |receiver: &Socket, from: &TaskDirection, to: &TaskDirection| {
            let is_reset = receiver.is_tcp() && (from.was_reset() || to.has_found_reset());
            options.ignores_unread && early_end.is_none() && !is_reset
        };
        let excused = [excuses(&second, &back, &forth), excuses(&first, &forth, &back)];
        let elapsed = clock.as_ref().map_or(time, |clock| clock.started.elapsed());
        let mut to_second = DeliveryWatch::new(second, &back, &forth, options, early_end, elapsed)
            // A command that is told of the close is not waited for before.
            .at_once(options.hangs_up);
        let to_first = match lasting.filter(|_| has_next) {
            Some(lasting) => {
                to_second = to_second.after_failure(&forth);
                (lasting.held, lasting.input_has_ended) = forth.hand_on();
                (lasting.socket, lasting.clock) = (Some(first), clock);
                lasting.clock.iter_mut().for_each(|clock| clock.restart_linger());
                None
            }
            None => Some(DeliveryWatch::new(first, &forth, &back, options, early_end, elapsed)),
        };
        let mut peers = [Some(to_second), to_first];
        poll_fn(|cx| {
            // Poll both: a decided one is closed.
            let watches = peers.each_mut().map(Option::as_mut);
            let polls = watches.map(|peer| peer.map_or(Poll::Ready(()), |peer| peer.poll(cx)));
            let are_decided = polls.iter().all(Poll::is_ready);
            if are_decided { Poll::Ready(()) } else { closing.as_mut().poll(cx) }
        })
        .await;
        let [to_second, to_first] = peers.each_mut().map(|peer| {
            peer.as_mut().map_or((Delivery::Read, 0), |peer| (peer.delivery(), peer.in_flight()))
        });
        let report = TransferReport {
            number: Some(number),
            parties,
            forth: forth.report(to_second, &plan.copy).excused(excused[0]),
            back: back.report(to_first, &plan.copy_back).excused(excused[1]),
            early_end,
            time,
        };
        if let Some(observation) = &plan.observation {
            observation.finished(number, &report);
        }
        report
    }
}

impl TaskTransfer<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let before = self.delivered();
        loop {
            let had_ended = (self.forth.has_ended(), self.back.has_ended());
            let Self { first, second, plan, .. } = self;
            let _ = self.forth.poll(cx, first, second, &plan.copy);
            let _ = self.back.poll(cx, second, first, &plan.copy_back);
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
        let TransferPlan { copy, copy_back, .. } = self.plan;
        if self.back.has_ended() && self.forth.waits_for_input() {
            self.second.probe_peer(cx);
            if self.second.poll_gone(cx).is_ready() {
                self.forth.receiver_is_gone(copy);
            }
        }
        if self.forth.has_ended() && self.back.waits_for_input() {
            self.first.probe_peer(cx);
            if self.first.poll_gone(cx).is_ready() {
                self.back.receiver_is_gone(copy_back);
            }
        }
    }

    fn delivered(&self) -> (u64, u64) {
        (self.forth.delivered(), self.back.delivered())
    }

    /// Returns whether no direction waits for its output.
    fn waits_for_input(&self) -> bool {
        [&self.forth, &self.back].iter().all(|it| it.has_ended() || it.waits_for_input())
    }

    /// Returns whether the second end has ended the connection while the first one was still there,
    /// and its input had not ended. If nothing is sent, the end of file is the end.
    fn server_has_ended(&self) -> bool {
        let (forth, back) = (self.forth.end(), self.back.end());
        let first_is_gone =
            matches!(back, Some(DirectionEnd::OutputFailed(_) | DirectionEnd::ReceiverGone));
        let has_sent_eof = matches!(back, Some(DirectionEnd::Eof)) || self.back.was_reset();
        !first_is_gone
            && match forth {
                Some(DirectionEnd::ReceiverGone) => true,
                Some(DirectionEnd::OutputFailed(error)) => peer_has_closed(error),
                // With `--eof close`.
                Some(DirectionEnd::Unused | DirectionEnd::Stopped) => has_sent_eof,
                Some(DirectionEnd::Eof | DirectionEnd::InputFailed(_)) | None => false,
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

    /// Logs directions that wait for their output for long.
    fn log_stalls(&mut self, cx: &mut Context<'_>) {
        if let Some(stalls) = &mut self.stalls {
            stalls.poll(cx, [&self.forth, &self.back]);
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
