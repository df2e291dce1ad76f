//! The end of a transfer: waiting for both directions, and the report.

use super::{direction::ThreadEnd, endings::Endings, transfer::TransferShared};
use crate::{
    system::poll,
    transfer::{
        Delivery, DeliveryRule, DirectionEnd, DirectionReport, EarlyEnd, Gauge, ObservedDirection,
        Parties, Party, TransferReport, TransferTimes,
    },
};
use std::{
    net::Shutdown,
    sync::{MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

/// Time to wait for threads that were stopped. A thread can be blocked in a system call on a
/// standard stream that cannot be interrupted; it is left behind.
const STOP_TIME: Duration = Duration::from_secs(1);

/// Time in which bytes that were read before a time limit can reach their outputs.
const LAST_WRITE_TIME: Duration = Duration::from_millis(100);

impl TransferShared {
    /// Waits until both directions have ended or a limit is reached.
    pub(super) fn wait(&self) -> Option<EarlyEnd> {
        let mut endings = self.endings();
        while !endings.both_ended() {
            let sent = self.meter.sent.delivered();
            // Without an output, only what has arrived on the input is still sent.
            let rest = if endings.output_has_ended() {
                Some((STOP_TIME, None))
            } else if self.has_left() {
                Some((STOP_TIME, Some(EarlyEnd::Left)))
            } else {
                self.next_limit(&endings)
            };
            endings = match rest {
                None => self.changed.wait(endings).unwrap_or_else(PoisonError::into_inner),
                Some((Duration::ZERO, limit)) => return limit,
                Some((rest, limit)) => {
                    let (endings, result) = self
                        .changed
                        .wait_timeout(endings, rest)
                        .unwrap_or_else(PoisonError::into_inner);
                    let is_stuck = self.meter.sent.delivered() == sent;
                    let is_stop = matches!(limit, None | Some(EarlyEnd::Left));
                    if result.timed_out() && is_stop && is_stuck {
                        return limit;
                    }
                    endings
                }
            };
        }
        None
    }

    /// Returns the time until the next limit.
    fn next_limit(&self, endings: &Endings) -> Option<(Duration, Option<EarlyEnd>)> {
        if !self.options.is_timed() {
            return None;
        }
        let waited = endings
            .one_remains()
            .then(|| self.gauge(endings).waited().saturating_sub(endings.waited_before));
        let (elapsed, idle) = (self.meter.started.elapsed(), self.meter.idle_time());
        let (rest, limit) = self.options.limits().next(TransferTimes { elapsed, idle, waited })?;
        // The time of --linger does not pass while the output is blocked: check again.
        let is_checked_again = limit == EarlyEnd::Linger && !rest.is_zero();
        let rest = if is_checked_again { rest.max(Duration::from_millis(1)) } else { rest };
        Some((rest, Some(limit)))
    }

    /// Decides whether the peer has read everything.
    fn delivery(&self, endings: &Endings, early_end: Option<EarlyEnd>) -> Delivery {
        if endings.was_reset() && self.options.sends {
            return Delivery::Closed;
        }
        if early_end.is_none() && self.peer_has_cut(endings) {
            return Delivery::Closed;
        }
        let is_stopped = self.meter.stop.load(Ordering::SeqCst);
        // After our own shutdown of both directions, the socket does not report whether the peer
        // has shut down as well.
        let received = endings.received.as_ref().map(|it| &it.reason);
        let sent = endings.sent.as_ref().map(|it| (&it.reason, it.left));
        let peer_has_ended = early_end.is_none()
            && (!is_stopped
                || matches!(received, Some(DirectionEnd::Eof))
                || matches!(sent, Some((DirectionEnd::ReceiverGone, _))));
        let is_open = match sent {
            Some((DirectionEnd::Eof, _) | (DirectionEnd::ReceiverGone, Some(0))) => true,
            Some((DirectionEnd::Stopped, _)) => peer_has_ended,
            // The report of the direction tells enough.
            _ => false,
        };
        if !is_open || self.meter.sent.delivered() == 0 {
            return Delivery::Read;
        }
        let elapsed = self.meter.started.elapsed();
        let has_sent_eof = matches!(received, Some(DirectionEnd::Eof));
        let mut rule = DeliveryRule::new(&self.options, has_sent_eof, early_end, elapsed);
        if !peer_has_ended {
            // The peer knows that its data is not read any more, and may still read.
            rule = rule.within(STOP_TIME);
        }
        loop {
            match rule.decide(poll::peer_state(&self.stream), Instant::now()) {
                Ok(delivery) => return delivery,
                Err(pause) => thread::sleep(pause),
            }
        }
    }

    /// Returns whether bytes were left when this process stopped sending to a peer that had closed. A
    /// write that fails reports that the peer has closed; one that is stopped does not.
    fn peer_has_cut(&self, endings: &Endings) -> bool {
        let Some(ThreadEnd { reason: DirectionEnd::Stopped, left }) = endings.sent else {
            return false;
        };
        (left != Some(0) || self.meter.sent.held() > 0) && self.peer_had_closed.get() == Some(&true)
    }

    /// Ends both directions so that bytes that were read before a time limit are delivered, if the
    /// outputs take them at once.
    fn deliver_held_bytes(&self) {
        let deadline = Instant::now() + LAST_WRITE_TIME;
        // The input is not read any more.
        self.meter.stop.store(true, Ordering::SeqCst);
        while self.meter.sent.held() > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        self.stop(Shutdown::Both);
        drop(self.wait_for_both(deadline.saturating_duration_since(Instant::now())));
    }

    /// Waits until both directions have ended, for at most this time.
    fn wait_for_both(&self, limit: Duration) -> MutexGuard<'_, Endings> {
        self.changed
            .wait_timeout_while(self.endings(), limit, |endings| !endings.both_ended())
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Ends what is still running and returns the report.
    pub(super) fn finish(&self, limit: Option<EarlyEnd>) -> TransferReport {
        let early_end = limit.or_else(|| self.meter.is_closing().then_some(EarlyEnd::Closing));
        let mut endings = self.endings();
        if early_end.is_some() {
            drop(endings);
            if early_end != Some(EarlyEnd::Closing) {
                self.deliver_held_bytes();
            }
            self.meter.write_stop.stop();
            self.stop(Shutdown::Both);
            endings = self.wait_for_both(STOP_TIME);
        }
        let delivery = self.delivery(&endings, early_end);
        let (sent, received) = (endings.sent.take(), endings.received.take());
        let Self { meter, options, forth, back, .. } = self;
        TransferReport {
            number: self.number,
            parties: Parties { first: Party::Stdio, second: self.peer },
            forth: report(sent, options.sends, &meter.sent, forth, delivery)
                .excused(options.ignores_unread && early_end.is_none()),
            back: report(received, options.receives, &meter.received, back, Delivery::Read),
            early_end,
            time: meter.started.elapsed(),
        }
    }
}

/// Returns the report of a direction. One whose thread could not be ended is stopped.
fn report(
    end: Option<ThreadEnd>,
    is_used: bool,
    gauge: &Gauge,
    observed: &ObservedDirection,
    delivery: Delivery,
) -> DirectionReport {
    let ThreadEnd { reason: end, left } = end.unwrap_or_else(|| {
        let end = if is_used { DirectionEnd::Stopped } else { DirectionEnd::Unused };
        observed.ended(&end);
        end.into()
    });
    let undelivered = left.map(|left| left + gauge.held());
    DirectionReport {
        delivered: gauge.delivered(),
        undelivered,
        end,
        delivery,
        may_be_unread: false,
    }
}
