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
        AfterEnd, Direction, DirectionEnd, EmptyMessages, Gauge, Meter, ObservedDirection,
        Observer, TransferOptions, TransferReport,
    },
};
use local_socket::{Stream, traits::Stream as _};
use std::{
    io::ErrorKind,
    net::Shutdown,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::Duration,
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
pub(super) struct TransferShared {
    pub(super) stream: Arc<Stream>,
    pub(super) options: TransferOptions,
    pub(super) meter: Arc<Meter>,
    /// Sequence number of the connection; `None` if it is the only one.
    pub(super) number: Option<u64>,
    pub(super) forth: ObservedDirection,
    pub(super) back: ObservedDirection,
    endings: Mutex<Endings>,
    pub(super) changed: Condvar,
}

/// Time in which the input can still end after the peer has closed an unused connection.
const INPUT_END_TIME: Duration = Duration::from_millis(100);

/// Moves bytes in both directions until both have ended, or a limit is reached.
pub(crate) fn transfer(job: Job) -> TransferReport {
    let Job { stream, number, is_only, input, output, options, meter, observer } = job;
    let observed = |direction| ObservedDirection::new(observer.as_ref(), number, direction);
    let (mut sends, receives) = (options.sends, options.receives);
    let timed = options.is_timed();
    if options.empty_messages == EmptyMessages::Data {
        poll::ignore_empty_messages(&stream);
    }
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
        if input.ends_within(INPUT_END_TIME) {
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
        self.meter.stop.store(true, Ordering::SeqCst);
        self.shutdown(how);
    }

    fn shutdown(&self, how: Shutdown) {
        match self.stream.shutdown(how) {
            Ok(()) => {}
            // The peer finds the end of file when the connection is closed.
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                tracing::debug!(%error, "the end of file is not sent");
            }
            Err(error) => tracing::warn!(%error, "cannot shut the connection down"),
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
