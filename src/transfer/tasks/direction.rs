//! One direction of a connection in an event loop.

use super::{
    buffers::Buffer,
    held_bytes::HeldBytes,
    source_sink::{TaskSink, TaskSource},
};
use crate::{
    system::Descriptors,
    transfer::{
        AfterEnd, Delivery, DirectionEnd, DirectionReport, Eof, ObservedDirection, StallWatch,
        peer_has_closed,
    },
};
use std::{
    io::{self, ErrorKind},
    task::{Context, Poll, ready},
    time::Instant,
};

/// One direction: its held bytes, its state, and its next step.
#[derive(Debug)]
pub(crate) struct TaskDirection {
    observed: ObservedDirection,
    /// Number of delivered bytes.
    delivered: u64,
    descriptors: Descriptors,
    held: HeldBytes,
    /// Number of bytes that were held when the output failed.
    lost: u64,
    /// The reason of the end; `None` while the direction moves bytes.
    end: Option<DirectionEnd>,
    /// Whether the end of file is still being sent to the output.
    sends_eof: bool,
    /// Whether the end of file was sent to the output.
    has_sent_eof: bool,
    /// Whether much data has just moved, so that more is likely.
    is_bulk: bool,
    /// Whether these ends cannot be spliced.
    cannot_splice: bool,
    /// Whether the direction ends as soon as it holds no bytes.
    stops: bool,
    /// Whether the output took only a part of the last write, and was not waited for since.
    is_partly_written: bool,
    /// Whether the end of the input was read before.
    input_has_ended: bool,
}

/// How a direction moves bytes.
#[derive(Copy, Clone, Debug)]
pub(crate) struct CopyPlan {
    pub(crate) splices: bool,
    /// Whether failing to splice is an error.
    pub(crate) splices_only: bool,
    /// Bytes copied at a time.
    pub(crate) buffer: usize,
    /// Bytes spliced at a time.
    pub(crate) piece: usize,
    pub(crate) eof: Eof,
    /// Whether a sink is no longer watched for writability after a short read, when the next write
    /// rarely has to wait, and while bytes to splice are waited for.
    pub(crate) rests: bool,
    /// Whether another output follows one that has closed: what it has not taken is kept, and the
    /// input stays open.
    pub(crate) keeps: bool,
}

/// A read of as many bytes starts the bulk mode, in which bytes are spliced; a splice of fewer bytes
/// ends it.
const SMALL: usize = 16 << 10;

/// Number of steps before other tasks get a turn.
const TURNS: usize = 4;

impl TaskDirection {
    pub(crate) fn new(
        observed: ObservedDirection,
        is_used: bool,
        descriptors: Descriptors,
    ) -> Self {
        let end = (!is_used).then_some(DirectionEnd::Unused);
        end.iter().for_each(|end| observed.ended(end));
        Self {
            observed,
            delivered: 0,
            descriptors,
            held: HeldBytes::Nothing,
            lost: 0,
            end,
            sends_eof: false,
            has_sent_eof: false,
            is_bulk: false,
            cannot_splice: false,
            stops: false,
            is_partly_written: false,
            input_has_ended: false,
        }
    }

    /// Starts with bytes of the input that another output has not taken. `input_has_ended` is whether
    /// nothing follows them.
    pub(super) fn resume(&mut self, held: HeldBytes, input_has_ended: bool) {
        if let HeldBytes::Bytes { buffer, from, to } = &held {
            self.observed.chunk(&buffer[*from..*to]);
        }
        (self.held, self.input_has_ended) = (held, input_has_ended);
    }

    /// Returns the bytes that a closed output has not taken, and whether nothing follows them. The
    /// direction reports a receiver that has closed, and counts them no more.
    pub(super) fn hand_on(&mut self) -> (HeldBytes, bool) {
        if matches!(self.end, Some(DirectionEnd::OutputFailed(_))) {
            self.end = Some(DirectionEnd::ReceiverGone);
        }
        (std::mem::take(&mut self.held), self.input_has_ended)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.end().is_some()
    }

    /// Returns the number of delivered bytes.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Returns whether the direction waits for its input, not for its output.
    pub(crate) fn waits_for_input(&self) -> bool {
        self.end.is_none() && self.held() == 0
    }

    /// Returns whether the direction waits for its output.
    pub(crate) fn waits_for_output(&self) -> bool {
        self.end.is_none() && self.held() > 0
    }

    /// Returns the number of bytes that were read and not delivered.
    pub(crate) fn held(&self) -> u64 {
        self.held.amount() + u64::from(self.descriptors.hold_a_byte())
    }

    /// Logs that the direction has begun to wait for its output for long, or no longer does.
    pub(super) fn watch_stall(&self, watch: &mut StallWatch, now: Instant) {
        self.observed.stalled(watch.check(self.waits_for_output(), self.delivered, now));
    }

    /// Returns whether descriptors were lost since the last call.
    pub(crate) fn has_lost_descriptors(&mut self) -> bool {
        self.descriptors.were_lost()
    }

    /// Returns the reason of the end, if the direction has ended.
    pub(crate) fn end(&self) -> Option<&DirectionEnd> {
        self.end.as_ref().filter(|_| !self.sends_eof)
    }

    /// Returns whether the receiver needs no close to know of the end: it was sent the end of file, or
    /// has closed.
    pub(super) fn receiver_knows_end(&self) -> bool {
        self.has_sent_eof || matches!(self.end(), Some(DirectionEnd::ReceiverGone))
    }

    /// Returns whether the connection was reset, as reading has reported it.
    pub(super) fn was_reset(&self) -> bool {
        matches!(
            self.end(),
            Some(DirectionEnd::InputFailed(error)) if error.kind() == ErrorKind::ConnectionReset
        )
    }

    /// Returns whether a reset of the connection has ended writing.
    pub(super) fn has_found_reset(&self) -> bool {
        matches!(
            self.end(),
            Some(DirectionEnd::OutputFailed(error)) if error.kind() == ErrorKind::ConnectionReset
        )
    }

    /// Returns whether the output may have been reset although nothing has reported that. If a peer
    /// closes during a write, the system returns the part that was written, and drops the error
    /// (`sock_alloc_send_pskb` of Linux).
    pub(super) fn may_have_missed_reset(&self) -> bool {
        self.is_partly_written && matches!(self.end(), Some(DirectionEnd::OutputFailed(_)))
    }

    /// Returns the report; `in_flight` is the number of accepted bytes that were lost at the end. A
    /// direction that has not ended is stopped.
    pub(super) fn report(
        mut self,
        (delivery, in_flight): (Delivery, u64),
        plan: &CopyPlan,
    ) -> DirectionReport {
        if self.end.is_none() {
            self.finish(DirectionEnd::Stopped, plan);
        }
        let (undelivered, delivered) = (Some(self.lost + self.held()), self.delivered);
        let end = self.end.unwrap_or(DirectionEnd::Stopped);
        let may_be_unread = false;
        DirectionReport { delivered, undelivered, end, delivery, may_be_unread }.without(in_flight)
    }

    /// Ends the direction once the held bytes are delivered.
    pub(super) fn stop(&mut self) {
        self.stops = true;
    }

    /// Ends the direction while it waits for input, because its receiver has closed.
    pub(crate) fn receiver_is_gone(&mut self, plan: &CopyPlan) {
        self.finish(DirectionEnd::ReceiverGone, plan);
    }

    /// Ends the direction, and sends the end of file if the receiver is to get it.
    fn finish(&mut self, end: DirectionEnd, plan: &CopyPlan) {
        self.observed.ended(&end);
        if !plan.keeps_after(&end) {
            self.lost = self.held.amount();
            self.held = HeldBytes::Nothing;
        }
        self.sends_eof = plan.eof.after(&end) == AfterEnd::SendEof;
        self.end = Some(end);
    }

    /// Moves what can be moved. Is ready when the direction has ended.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl TaskSource,
        sink: &mut impl TaskSink,
        plan: &CopyPlan,
    ) -> Poll<()> {
        for _ in 0..TURNS {
            if self.sends_eof {
                match ready!(sink.poll_shutdown(cx)) {
                    Ok(()) => {
                        self.has_sent_eof = true;
                        self.observed.shut_down();
                    }
                    // The receiver finds the end of file when the connection is closed.
                    Err(error) if error.kind() == ErrorKind::Unsupported => {
                        tracing::debug!(%error, "the end of file is not sent");
                    }
                    // It fails if the receiver has closed, which needs no end of file.
                    Err(_) => {}
                }
                self.sends_eof = false;
            }
            if self.end.is_some() {
                return Poll::Ready(());
            }
            let step = self.poll_step(cx, source, sink, plan);
            if step.is_pending() && self.waits_for_output() {
                source.rest();
            }
            if let Some(end) = ready!(step) {
                if matches!(end, DirectionEnd::OutputFailed(_)) && !plan.keeps_after(&end) {
                    source.stop_reading();
                }
                self.finish(end, plan);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Delivers the held bytes, then reads more and tries to deliver them.
    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl TaskSource,
        sink: &mut impl TaskSink,
        plan: &CopyPlan,
    ) -> Poll<Option<DirectionEnd>> {
        if !matches!(self.held, HeldBytes::Nothing)
            && let Err(end) = ready!(self.poll_deliver(cx, sink))
        {
            return Poll::Ready(Some(end));
        }
        if self.stops && self.held() == 0 {
            return Poll::Ready(Some(DirectionEnd::Stopped));
        }
        match ready!(self.poll_fetch(cx, source, sink, plan)) {
            Ok(0) => Poll::Ready(Some(DirectionEnd::Eof)),
            Ok(_) => {
                if let HeldBytes::Bytes { buffer, from, to } = &self.held {
                    if self.observed.is_observed() && self.descriptors.are_held() {
                        self.observed.descriptors(&self.descriptors.describe());
                    }
                    self.observed.chunk(&buffer[*from..*to]);
                }
                self.poll_deliver(cx, sink).map(Result::err)
            }
            Err(error) => Poll::Ready(Some(DirectionEnd::InputFailed(error))),
        }
    }

    fn poll_fetch(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl TaskSource,
        sink: &mut impl TaskSink,
        plan: &CopyPlan,
    ) -> Poll<io::Result<usize>> {
        if self.input_has_ended {
            return Poll::Ready(Ok(0));
        }
        if plan.splices && !self.cannot_splice && (self.is_bulk || plan.splices_only) {
            let spliced = source.poll_splice(cx, plan.piece);
            if spliced.is_pending() && plan.rests {
                sink.rest(cx);
            }
            match ready!(spliced) {
                // These ends cannot be spliced; nothing has been moved.
                Err(error) if error.kind() == ErrorKind::InvalidInput && !plan.splices_only => {
                    self.cannot_splice = true;
                }
                Ok(None) => {}
                Ok(Some((pipe, moved))) => {
                    self.is_bulk = moved >= SMALL;
                    self.held = HeldBytes::Piped(pipe);
                    return Poll::Ready(Ok(moved));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        // At first the buffer is taken before there is something to read: one that cannot be had is an
        // error of the connection from its beginning.
        if self.delivered > 0 {
            ready!(source.poll_readable(cx))?;
        }
        let mut buffer = Buffer::take(plan.buffer)?;
        let read = ready!(source.poll_read(cx, &mut buffer, &mut self.descriptors))?;
        self.is_bulk = read >= SMALL.min(plan.buffer);
        if plan.rests && !self.is_bulk {
            sink.rest(cx);
        }
        self.held = HeldBytes::of(buffer, read);
        Poll::Ready(Ok(read))
    }

    /// Writes all held bytes.
    fn poll_deliver(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut impl TaskSink,
    ) -> Poll<Result<(), DirectionEnd>> {
        while self.held.amount() > 0 {
            let written = match &mut self.held {
                HeldBytes::Bytes { buffer, from, to } => {
                    sink.poll_write(cx, &buffer[*from..*to], &mut self.descriptors)
                }
                HeldBytes::Piped(pipe) => sink.poll_splice(cx, pipe),
                HeldBytes::Nothing => Poll::Ready(Ok(0)),
            };
            if written.is_pending() {
                self.held.shrink();
                self.is_partly_written = false;
            }
            let error = match ready!(written) {
                Ok(0) => ErrorKind::WriteZero.into(),
                Ok(written) => {
                    self.delivered += written as u64;
                    if let HeldBytes::Bytes { from, .. } = &mut self.held {
                        *from += written;
                    }
                    self.is_partly_written = self.held.amount() > 0;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            return Poll::Ready(Err(DirectionEnd::OutputFailed(error)));
        }
        self.held = HeldBytes::Nothing;
        Poll::Ready(Ok(()))
    }
}

impl CopyPlan {
    /// Returns whether the held bytes are kept for the next output after this end.
    fn keeps_after(&self, end: &DirectionEnd) -> bool {
        self.keeps && matches!(end, DirectionEnd::OutputFailed(error) if peer_has_closed(error))
    }
}

#[cfg(test)]
mod tests;
