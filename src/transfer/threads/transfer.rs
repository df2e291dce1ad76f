//! Both directions of a transfer: the threads, and the effect of the end of one direction on the
//! other.

use super::{
    direction::{self, Sending, ThreadEnd},
    endings::Endings,
};
use crate::{
    diag::{Ticker, caught},
    system::{self, Input, Leaving, Output, poll},
    transfer::{
        AfterEnd, DirectionEnd, EmptyMessages, Gauge, LoggedConnection, Meter, Observation,
        ObservedDirection, Parties, Party, StallWatch, TransferOptions, TransferReport,
    },
};
use local_socket::{
    Stream,
    traits::{Stream as _, StreamCommon as _},
};
use std::{
    io::ErrorKind,
    net::Shutdown,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A connection that is to be joined to standard input and output.
#[derive(Debug)]
pub(crate) struct StdioJob {
    pub(crate) stream: Arc<Stream>,
    /// Sequence number of the connection, starting at 1.
    pub(crate) number: u64,
    /// Whether it is the only connection: the output is closed at the peer's end of file.
    pub(crate) is_only: bool,
    pub(crate) input: Input,
    pub(crate) output: Output,
    pub(crate) options: TransferOptions,
    pub(crate) meter: Arc<Meter>,
    /// The other end of the stream, for messages.
    pub(crate) peer: Party,
    pub(crate) observation: Option<Observation>,
    /// The relay at the other end of the stream, which logs what moves, if there is one.
    pub(crate) relay: Option<Arc<RelayEnd>>,
}

/// A relay at the other end of a stream.
#[derive(Debug, Default)]
pub(crate) struct RelayEnd {
    is_unconnected: AtomicBool,
}

impl RelayEnd {
    /// Has the transfer end at once when the relay closes the stream: nothing was connected.
    pub(crate) fn set_unconnected(&self) {
        self.is_unconnected.store(true, Ordering::Release);
    }

    fn is_unconnected(&self) -> bool {
        self.is_unconnected.load(Ordering::Acquire)
    }
}

/// State that the threads of a transfer share.
#[derive(Debug)]
pub(super) struct TransferShared {
    pub(super) stream: Arc<Stream>,
    pub(super) options: TransferOptions,
    pub(super) meter: Arc<Meter>,
    /// Sequence number of the connection; `None` if it is the only one.
    pub(super) number: Option<u64>,
    pub(super) peer: Party,
    pub(super) forth: ObservedDirection,
    pub(super) back: ObservedDirection,
    endings: Mutex<Endings>,
    pub(super) changed: Condvar,
    /// Whether the peer had closed before this process shut the connection down; unset while it has
    /// not done so.
    pub(super) peer_had_closed: OnceLock<bool>,
    /// Set if a person at a terminal can leave.
    leaving: Option<Arc<Leaving>>,
    relay: Option<Arc<RelayEnd>>,
}

/// Time in which the input can still end after the peer has closed an unused connection.
const INPUT_END_TIME: Duration = Duration::from_millis(100);

/// Time in which the peer can read what was sent before a person has left.
const READ_TIME: Duration = Duration::from_millis(500);

/// Moves bytes in both directions until both have ended, or a limit is reached.
pub(crate) fn transfer(job: StdioJob) -> TransferReport {
    let StdioJob {
        stream,
        number,
        is_only,
        input,
        output,
        options,
        meter,
        observation,
        peer,
        relay,
    } = job;
    let logged = relay.is_none().then(|| LoggedConnection {
        number: (!is_only).then_some(number),
        parties: Parties { first: Party::Stdio, second: peer },
    });
    let [forth, back] = Observation::directions(observation.as_ref(), number, logged);
    let (mut sends, receives) = (options.sends, options.receives);
    let leaving = input.leaving().map(Arc::clone);
    // A person who leaves does not wait for a peer or a terminal that is blocked.
    let timed = options.is_timed() || leaving.is_some();
    if options.empty_messages == EmptyMessages::Data {
        poll::ignore_empty_messages(&stream);
    }
    let shared = Arc::new(TransferShared {
        stream,
        options,
        meter,
        number: (!is_only).then_some(number),
        peer,
        forth,
        back,
        endings: Mutex::new(Endings { sends, receives, ..Endings::default() }),
        changed: Condvar::new(),
        peer_had_closed: OnceLock::new(),
        leaving,
        relay,
    });
    if let Some(leaving) = &shared.leaving {
        let left = Arc::downgrade(&shared);
        leaving.on_leave(move || {
            if let Some(shared) = left.upgrade() {
                shared.ended(|_| {});
            }
        });
    }
    if sends && receives && !timed && shared.send_short(&input, &output) {
        sends = false;
    }
    let _stalls = tracing::enabled!(tracing::Level::DEBUG).then(|| shared.log_stalls());
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
    let report = shared.finish(limit);
    if let Some(observation) = &observation {
        observation.finished(number, &report);
    }
    report
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

/// Time between two looks for a direction that waits for its output.
const STALL_INTERVAL: Duration = Duration::from_millis(250);

impl TransferShared {
    /// Logs directions that wait for their output for long, until the result is dropped. Bytes that
    /// are spliced from standard input are not seen while they wait.
    fn log_stalls(self: &Arc<Self>) -> Ticker {
        let (shared, mut watches) =
            (Arc::clone(self), [StallWatch::default(), StallWatch::default()]);
        Ticker::start(STALL_INTERVAL, move |_| {
            let Self { meter, forth, back, .. } = &*shared;
            for (watch, (gauge, direction)) in
                watches.iter_mut().zip([(&meter.sent, forth), (&meter.received, back)])
            {
                let stall = watch.check(gauge.held() > 0, gauge.delivered(), Instant::now());
                direction.stalled(stall);
            }
        })
    }

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
            self.sent(self.unless_input_ends(input, end));
        }
    }

    /// Returns the end of the direction. If the only peer has closed before a byte was moved, and
    /// the input ends soon afterwards, that is the end of the input: there was nothing to send.
    fn unless_input_ends(&self, input: &Input, end: ThreadEnd) -> ThreadEnd {
        let Meter { sent, received, .. } = &*self.meter;
        let is_gone =
            matches!(end, ThreadEnd { reason: DirectionEnd::ReceiverGone, left: Some(0) });
        if !is_gone || self.number.is_some() || sent.total_read() + received.total_read() > 0 {
            return end;
        }
        let is_unconnected = self.relay.as_ref().is_some_and(|relay| relay.is_unconnected());
        let time = if is_unconnected { Duration::ZERO } else { INPUT_END_TIME };
        if input.ends_within(time) {
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
        let after = match end.reason {
            DirectionEnd::Eof if self.has_left() => {
                // A peer that finds the connection closed may discard the rest.
                if let Err(error) = self.stream.drain(READ_TIME) {
                    tracing::debug!(%error, "the peer has not read everything");
                }
                AfterEnd::StopBoth
            }
            ref reason => self.options.eof.after(reason),
        };
        match after {
            AfterEnd::Continue => {}
            AfterEnd::SendEof => {
                if self.shutdown(Shutdown::Write) {
                    self.forth.shut_down();
                }
            }
            AfterEnd::StopBoth => self.stop(Shutdown::Both),
        }
        poll::watch_delivery(&self.stream);
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

    /// Ends both directions, because the reader of the output has closed while there was nothing to
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
    pub(super) fn stop(&self, how: Shutdown) {
        // After our own shutdown of both directions, the socket reports the same for every peer.
        self.peer_had_closed.get_or_init(|| self.stream.peer_hung_up().unwrap_or(false));
        self.meter.stop.store(true, Ordering::SeqCst);
        self.shutdown(how);
    }

    /// Shuts the connection down. Returns whether that was possible.
    fn shutdown(&self, how: Shutdown) -> bool {
        let result = self.stream.shutdown(how);
        let is_done = result.is_ok();
        match result {
            Ok(()) => {}
            // The peer finds the end of file when the connection is closed.
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                tracing::debug!(%error, "the end of file is not sent");
            }
            Err(error) => tracing::warn!(%error, "cannot shut the connection down"),
        }
        is_done
    }

    /// Returns whether the person at the terminal has left.
    pub(super) fn has_left(&self) -> bool {
        self.leaving.as_ref().is_some_and(|leaving| leaving.has_left())
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
    pub(super) fn gauge(&self, endings: &Endings) -> &Gauge {
        if endings.sends { &self.meter.sent } else { &self.meter.received }
    }

    pub(super) fn endings(&self) -> MutexGuard<'_, Endings> {
        self.endings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
