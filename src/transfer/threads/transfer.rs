//! Both directions of a transfer: the threads, and the effect of the end of one direction on the
//! other.

use super::{
    delivery::{Delivery, DeliveryRule},
    direction::{self, DirectionEnd, Sending},
    meter::{Gauge, Meter},
    options::TransferOptions,
    report::{TransferReport, TransferSide},
};
use crate::{
    diag::caught,
    system::{Input, Output, waiting},
    transfer::{EarlyEnd, Eof},
};
use local_socket::{
    Stream,
    traits::{Stream as _, StreamCommon as _},
};
use std::{
    io::ErrorKind,
    net::Shutdown,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

/// A connection and the ends to join it to.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) stream: Arc<Stream>,
    pub(crate) input: Input,
    pub(crate) output: Output,
    /// Whether the output is closed at the peer's end of file.
    pub(crate) closes_output: bool,
    pub(crate) options: TransferOptions,
    pub(crate) meter: Arc<Meter>,
}

/// State that the threads of a transfer share.
#[derive(Debug)]
struct TransferShared {
    stream: Arc<Stream>,
    options: TransferOptions,
    meter: Arc<Meter>,
    endings: Mutex<Endings>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Endings {
    sent: Option<DirectionEnd>,
    received: Option<DirectionEnd>,
    sends: bool,
    receives: bool,
    /// Time that the remaining direction had waited when the other one ended.
    waited_before: Duration,
}

impl Endings {
    fn both(&self) -> bool {
        !self.sends && !self.receives
    }

    fn one(&self) -> bool {
        self.sends != self.receives
    }
}

/// Time to wait for threads that were stopped. A thread can be blocked in a system call on a
/// standard stream that cannot be interrupted; it is left behind.
const STOP_TIME: Duration = Duration::from_secs(1);

/// Moves bytes in both directions until both have ended, or a limit is reached.
pub(crate) fn transfer(job: Job) -> TransferReport {
    let Job { stream, input, output, closes_output, options, meter } = job;
    let (mut sends, receives) = (options.sends, options.receives);
    let timed = options.is_timed();
    let shared = Arc::new(TransferShared {
        stream,
        options,
        meter,
        endings: Mutex::new(Endings { sends, receives, ..Endings::default() }),
        changed: Condvar::new(),
    });
    if sends && receives && !timed && shared.send_short(&input) {
        sends = false;
    }
    let send = {
        let shared = Arc::clone(&shared);
        move || shared.run_send(|| shared.send(&input))
    };
    let receive = {
        let shared = Arc::clone(&shared);
        move || shared.run_receive(|| shared.receive(output, closes_output))
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
        let run = run.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(run) = run {
            run();
        }
    }
}

impl TransferShared {
    /// Runs the sending direction. A panic becomes its error, because other threads wait for its
    /// end.
    fn run_send(&self, send: impl FnOnce()) {
        if let Err(failure) = caught(send) {
            self.sent(DirectionEnd::InputFailed(failure.into_io()));
        }
    }

    /// Runs the receiving direction. A panic becomes its error, because other threads wait for its
    /// end.
    fn run_receive(&self, receive: impl FnOnce()) {
        if let Err(failure) = caught(receive) {
            self.stop(Shutdown::Both);
            self.received(DirectionEnd::OutputFailed { error: failure.into_io(), lost: None });
        }
    }

    fn send(&self, input: &Input) {
        let ending = self.sending(input).map_or_else(|ending| ending, |mut it| it.send());
        self.sent(ending);
    }

    /// Sends a short input. Returns whether that was the whole input.
    fn send_short(&self, input: &Input) -> bool {
        let ending = self.sending(input).map_or_else(Some, |mut it| it.send_short());
        let is_over = ending.is_some();
        if let Some(ending) = ending {
            self.sent(ending);
        }
        is_over
    }

    fn sending<'a>(&'a self, input: &'a Input) -> Result<Sending<'a>, DirectionEnd> {
        Sending::new(input, &self.stream, &self.options, &self.meter)
    }

    fn sent(&self, ending: DirectionEnd) {
        match (&ending, self.options.eof) {
            (DirectionEnd::Stopped, _) | (_, Eof::Wait) => {}
            (_, Eof::Half) => self.shutdown(Shutdown::Write),
            (_, Eof::Close) => self.stop(Shutdown::Both),
        }
        self.ended(|endings| {
            endings.sent = Some(ending);
            endings.sends = false;
        });
    }

    fn receive(&self, output: Output, closes_output: bool) {
        let ending = direction::receive(&self.stream, &output, &self.options, &self.meter);
        match (&ending, self.options.eof) {
            (DirectionEnd::Stopped, _) => {}
            // Without an output, receiving is useless.
            (DirectionEnd::OutputFailed { .. }, _) => self.stop(Shutdown::Both),
            (_, Eof::Close) => self.stop(Shutdown::Both),
            (_, Eof::Wait) => {}
            (_, Eof::Half) => {
                // Otherwise the process ends or the next connection follows.
                if closes_output
                    && self.endings().sends
                    && let Err(error) = output.close()
                {
                    tracing::debug!(%error, "output not closed");
                }
            }
        }
        self.received(ending);
    }

    fn received(&self, ending: DirectionEnd) {
        self.ended(|endings| {
            endings.received = Some(ending);
            endings.receives = false;
        });
    }

    /// Ends both directions after the held bytes are delivered.
    fn stop(&self, how: Shutdown) {
        self.meter.stop.store(true, Ordering::SeqCst);
        self.shutdown(how);
    }

    fn shutdown(&self, how: Shutdown) {
        match self.stream.shutdown(how) {
            // The peer has already closed.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotConnected | ErrorKind::BrokenPipe) => {}
            Err(error) => {
                tracing::warn!(%error, "the peer cannot be told that the input has ended");
            }
            Ok(()) => {}
        }
    }

    fn ended(&self, change: impl FnOnce(&mut Endings)) {
        let mut endings = self.endings();
        change(&mut endings);
        if endings.one() {
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
        while !endings.both() {
            // Without an output there is nothing to wait for.
            let rest = match &endings.received {
                Some(DirectionEnd::OutputFailed { .. }) => Some((STOP_TIME, None)),
                _ => self.next_limit(&endings),
            };
            endings = match rest {
                None => self.changed.wait(endings).unwrap_or_else(PoisonError::into_inner),
                Some((Duration::ZERO, limit)) => return limit,
                Some((rest, limit)) => {
                    let (endings, result) = self
                        .changed
                        .wait_timeout(endings, rest)
                        .unwrap_or_else(PoisonError::into_inner);
                    if result.timed_out() && limit.is_none() {
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
            .one()
            .then(|| self.gauge(endings).waited().saturating_sub(endings.waited_before));
        let (rest, limit) = self.options.limits().next(self.meter.idle_time(), waited)?;
        // The time of --linger does not pass while the output is blocked: check again.
        let is_checked_again = limit == EarlyEnd::Linger && !rest.is_zero();
        let rest = if is_checked_again { rest.max(Duration::from_millis(1)) } else { rest };
        Some((rest, Some(limit)))
    }

    /// Decides whether the peer has read everything, if no read has reported a reset.
    fn fate(&self, endings: &Endings, limit: Option<EarlyEnd>) -> Delivery {
        let is_stopped = self.meter.stop.load(Ordering::SeqCst);
        // After our own shutdown of both directions, the socket does not report whether the peer
        // has shut down as well.
        let peer_has_ended = limit.is_none()
            && (!is_stopped
                || matches!(endings.received, Some(DirectionEnd::Eof))
                || matches!(endings.sent, Some(DirectionEnd::PeerGone { .. })));
        let is_told = match endings.sent {
            Some(DirectionEnd::Eof | DirectionEnd::PeerGone { left: Some(0) }) => false,
            Some(DirectionEnd::Stopped) => !peer_has_ended,
            _ => true,
        };
        if is_told || self.meter.sent.bytes() == 0 {
            return Delivery::Read;
        }
        let mut watch =
            if peer_has_ended { DeliveryRule::new() } else { DeliveryRule::within(STOP_TIME) };
        loop {
            match watch.decide(waiting::peer_state(&self.stream), Instant::now()) {
                // The peer knows that its data is not read any more, and may still read.
                Ok(Delivery::Unread) if !peer_has_ended => return Delivery::Read,
                Ok(fate) => return fate,
                Err(pause) => thread::sleep(pause),
            }
        }
    }

    /// Ends what is still running and returns the report.
    fn finish(&self, limit: Option<EarlyEnd>) -> TransferReport {
        let mut endings = self.endings();
        if limit.is_some() {
            drop(endings);
            self.meter.gives_up.store(true, Ordering::SeqCst);
            self.stop(Shutdown::Both);
            endings = self
                .changed
                .wait_timeout_while(self.endings(), STOP_TIME, |endings| !endings.both())
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        } else if !self.stream.peer_hung_up().unwrap_or(true)
            && let Err(error) = self.stream.drain(drain_limit(&endings))
        {
            tracing::debug!(%error, "the peer has not taken everything");
        }
        let sent = match self.fate(&endings, limit) {
            Delivery::Read => endings.sent.take(),
            Delivery::Closed => Some(DirectionEnd::PeerGone { left: None }),
            Delivery::Unread => Some(DirectionEnd::Unread),
        };
        let side = |gauge: &Gauge, ending| TransferSide {
            bytes: gauge.bytes(),
            held: gauge.held(),
            ending,
        };
        TransferReport {
            sent: side(&self.meter.sent, sent),
            received: side(&self.meter.received, endings.received.take()),
            limit,
            time: self.meter.started.elapsed(),
        }
    }
}

/// Returns how long to wait until the peer has read what was sent: a peer that cannot deliver its
/// answer any more may never read.
fn drain_limit(endings: &Endings) -> Duration {
    match endings.received {
        Some(DirectionEnd::OutputFailed { .. }) => STOP_TIME,
        _ => Duration::MAX,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
