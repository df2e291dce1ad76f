//! Both directions of a transfer: the threads, and the effect of the end of one direction on the
//! other.

use super::{
    direction::{self, Sending, ThreadEnd},
    endings::Endings,
};
use crate::{
    diag::caught,
    system::{self, Input, Output, poll},
    transfer::{
        AfterEnd, Delivery, DeliveryRule, Direction, DirectionEnd, DirectionReport, EarlyEnd,
        Gauge, Meter, ObservedDirection, Observer, Parties, Party, TransferOptions, TransferReport,
    },
};
use local_socket::{
    Stream,
    traits::{Stream as _, StreamCommon as _},
};
use std::{
    net::Shutdown,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

/// A connection that is to be joined to standard input and output.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) stream: Arc<Stream>,
    /// Sequence number of the connection, starting at 1.
    pub(crate) number: u64,
    /// Whether it is the only connection: the output is closed at the peer's end of file.
    pub(crate) is_only: bool,
    pub(crate) input: Input,
    pub(crate) output: Output,
    pub(crate) options: TransferOptions,
    pub(crate) meter: Arc<Meter>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

/// State that the threads of a transfer share.
#[derive(Debug)]
struct TransferShared {
    stream: Arc<Stream>,
    options: TransferOptions,
    meter: Arc<Meter>,
    /// Sequence number of the connection; `None` if it is the only one.
    number: Option<u64>,
    forth: ObservedDirection,
    back: ObservedDirection,
    endings: Mutex<Endings>,
    changed: Condvar,
}

/// Time to wait for threads that were stopped. A thread can be blocked in a system call on a
/// standard stream that cannot be interrupted; it is left behind.
const STOP_TIME: Duration = Duration::from_secs(1);

/// Time in which the input of a connection that was closed unused can still end or give bytes.
const LAST_LOOK: Duration = Duration::from_millis(100);

/// Moves bytes in both directions until both have ended, or a limit is reached.
pub(crate) fn transfer(job: Job) -> TransferReport {
    let Job { stream, number, is_only, input, output, options, meter, observer } = job;
    let observed = |direction| ObservedDirection::new(observer.as_ref(), number, direction);
    let (mut sends, receives) = (options.sends, options.receives);
    let timed = options.is_timed();
    let shared = Arc::new(TransferShared {
        stream,
        options,
        meter,
        number: (!is_only).then_some(number),
        forth: observed(Direction::Forth),
        back: observed(Direction::Back),
        endings: Mutex::new(Endings { sends, receives, ..Endings::default() }),
        changed: Condvar::new(),
    });
    if sends && receives && !timed && shared.send_short(&input, &output) {
        sends = false;
    }
    let send = {
        let shared = Arc::clone(&shared);
        move || shared.run_send(|| shared.send(&input))
    };
    let receive = {
        let shared = Arc::clone(&shared);
        move || shared.run_receive(|| shared.receive(output, is_only))
    };
    // A single direction needs no further thread unless a time limit is set.
    match (sends, receives) {
        (true, false) if !timed => send(),
        (false, true) if !timed => receive(),
        _ => {
            if sends {
                start("send", send);
            }
            match (receives, timed) {
                (true, true) => start("receive", receive),
                (true, false) => receive(),
                (false, _) => {}
            }
        }
    }
    let limit = shared.wait();
    shared.finish(limit)
}

/// Runs a direction on its own thread, or on this one if no thread can be started.
fn start(name: &str, run: impl FnOnce() + Send + 'static) {
    let run = Arc::new(Mutex::new(Some(run)));
    let on_thread = Arc::clone(&run);
    let take = |run: &Mutex<Option<_>>| run.lock().unwrap_or_else(PoisonError::into_inner).take();
    let spawned =
        thread::Builder::new().name(name.to_owned()).stack_size(256 << 10).spawn(move || {
            if let Some(run) = take(&on_thread) {
                run();
            }
        });
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread for a direction: the other one waits for it");
        if let Some(run) = take(&run) {
            run();
        }
    }
}

impl TransferShared {
    /// Runs the sending direction. A panic becomes its error, because other threads wait for its
    /// end.
    fn run_send(&self, send: impl FnOnce()) {
        if let Err(failure) = caught(send) {
            self.sent(DirectionEnd::InputFailed(failure.into_io()).into());
        }
    }

    /// Runs the receiving direction. A panic becomes its error, because other threads wait for its
    /// end.
    fn run_receive(&self, receive: impl FnOnce()) {
        if let Err(failure) = caught(receive) {
            self.stop(Shutdown::Both);
            let reason = DirectionEnd::OutputFailed(failure.into_io());
            self.received(ThreadEnd { reason, left: None });
        }
    }

    fn send(&self, input: &Input) {
        let end = self.sending(input).map_or_else(|end| end, |mut sending| sending.send());
        if self.meter.output_is_gone.load(Ordering::SeqCst) {
            self.stop(Shutdown::Both);
            self.sent(end);
        } else {
            self.sent(self.last_look(input, end));
        }
    }

    /// Returns the end of the direction if the only peer closed before a byte was moved. An input
    /// that ends at about the same time had nothing to send.
    fn last_look(&self, input: &Input, end: ThreadEnd) -> ThreadEnd {
        let Meter { sent, received, .. } = &*self.meter;
        let is_gone =
            matches!(end, ThreadEnd { reason: DirectionEnd::ReceiverGone, left: Some(0) });
        if !is_gone || self.number.is_some() || sent.total_read() + received.total_read() > 0 {
            return end;
        }
        if input.ends_within(LAST_LOOK) {
            DirectionEnd::Eof.into()
        } else {
            ThreadEnd { left: input.pending(), ..end }
        }
    }

    /// Sends a short input. Returns whether that was the whole input.
    fn send_short(&self, input: &Input, output: &Output) -> bool {
        let end = self.sending(input).map_or_else(Some, |mut sending| sending.send_short(output));
        end.map(|end| self.sent(end)).is_some()
    }

    fn sending<'a>(&'a self, input: &'a Input) -> Result<Sending<'a>, ThreadEnd> {
        Sending::new(input, &self.stream, &self.options, &self.meter, &self.forth)
    }

    fn sent(&self, end: ThreadEnd) {
        self.forth.ended(&end.reason);
        match self.options.eof.after(&end.reason) {
            AfterEnd::Continue => {}
            AfterEnd::SendEof => self.shutdown(Shutdown::Write),
            AfterEnd::StopBoth => self.stop(Shutdown::Both),
        }
        self.ended(|endings| {
            endings.sent = Some(end);
            endings.sends = false;
        });
    }

    /// Receives until the peer's end of file. If it is the only connection, the output is closed
    /// then.
    fn receive(&self, output: Output, is_only: bool) {
        let Self { stream, options, meter, back, number, .. } = self;
        let end = direction::receive(stream, &output, options, meter, back, *number);
        match (options.eof.after(&end), &end) {
            (_, DirectionEnd::ReceiverGone) => self.output_is_gone(),
            // Without an output, nobody gets what the peer answers.
            (AfterEnd::StopBoth, _) | (_, DirectionEnd::OutputFailed(_)) => {
                self.stop(Shutdown::Both);
            }
            (AfterEnd::Continue, _) => {}
            (AfterEnd::SendEof, _) => {
                // Otherwise the next connection follows.
                if is_only && let Err(error) = output.end(self.endings().sends) {
                    tracing::debug!(%error, "output not ended");
                }
            }
        }
        self.received(end.into());
    }

    fn received(&self, end: ThreadEnd) {
        self.back.ended(&end.reason);
        self.ended(|endings| {
            endings.received = Some(end);
            endings.receives = false;
        });
    }

    /// Ends both directions, because the reader of the output has gone while there was nothing to
    /// write. What has already arrived on the input is still sent.
    fn output_is_gone(&self) {
        if self.endings().sends && system::REPORTS_END_OF_RECEIVING {
            self.meter.output_is_gone.store(true, Ordering::SeqCst);
            self.shutdown(Shutdown::Read);
        } else {
            self.stop(Shutdown::Both);
        }
    }

    /// Ends both directions after the held bytes are delivered.
    fn stop(&self, how: Shutdown) {
        self.meter.stop.store(true, Ordering::SeqCst);
        self.shutdown(how);
    }

    fn shutdown(&self, how: Shutdown) {
        if let Err(error) = self.stream.shutdown(how) {
            tracing::warn!(%error, "cannot shut the connection down");
        }
    }

    fn ended(&self, change: impl FnOnce(&mut Endings)) {
        let mut endings = self.endings();
        change(&mut endings);
        if endings.one_remains() {
            endings.waited_before = self.gauge(&endings).waited();
        }
        drop(endings);
        self.changed.notify_all();
    }

    /// Returns the gauge of the remaining direction.
    fn gauge(&self, endings: &Endings) -> &Gauge {
        if endings.sends { &self.meter.sent } else { &self.meter.received }
    }

    fn endings(&self) -> MutexGuard<'_, Endings> {
        self.endings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until both directions have ended or a limit is reached.
    fn wait(&self) -> Option<EarlyEnd> {
        let mut endings = self.endings();
        while !endings.both_ended() {
            // Without an output there is nothing to wait for.
            let sent = self.meter.sent.delivered();
            let rest = if endings.output_has_ended() {
                Some((STOP_TIME, None))
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
                    if result.timed_out() && limit.is_none() && is_stuck {
                        return None;
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
        let (rest, limit) = self.options.limits().next(self.meter.idle_time(), waited)?;
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
        let mut rule =
            if peer_has_ended { DeliveryRule::new() } else { DeliveryRule::within(STOP_TIME) };
        loop {
            match rule.decide(poll::peer_state(&self.stream), Instant::now()) {
                // The peer knows that its data is not read any more, and may still read.
                Ok(Delivery::Unread) if !peer_has_ended => return Delivery::Read,
                Ok(delivery) => return delivery,
                Err(pause) => thread::sleep(pause),
            }
        }
    }

    /// Ends what is still running and returns the report.
    fn finish(&self, early_end: Option<EarlyEnd>) -> TransferReport {
        let mut endings = self.endings();
        // A peer that cannot deliver its answer any more may never read what was sent.
        let drain_limit = if endings.output_has_ended() { STOP_TIME } else { Duration::MAX };
        if early_end.is_some() {
            drop(endings);
            self.meter.write_stop.stop();
            self.stop(Shutdown::Both);
            endings = self
                .changed
                .wait_timeout_while(self.endings(), STOP_TIME, |endings| !endings.both_ended())
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        } else if !self.stream.peer_hung_up().unwrap_or(true)
            && let Err(error) = poll::until_closing_loses_nothing(&self.stream, drain_limit)
        {
            tracing::debug!(%error, "the peer has not taken everything");
        }
        let delivery = self.delivery(&endings, early_end);
        let (sent, received) = (endings.sent.take(), endings.received.take());
        let Self { meter, options, forth, back, .. } = self;
        TransferReport {
            number: self.number,
            parties: Parties { first: Party::Stdio, second: Party::Peer },
            forth: report(sent, options.sends, &meter.sent, forth, delivery),
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
    DirectionReport { delivered: gauge.delivered(), undelivered, end, delivery }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
