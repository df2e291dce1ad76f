//! Writes the lines of clients to stdout on a thread.

use super::lines::LineSink;
use crate::{
    diag::{Failure, Receiver, caught},
    serve::NOTICE_DELAY,
    system::Output,
    transfer::{
        Meter,
        threads::{Outgoing, deliver},
        undelivered,
    },
};
use std::{
    io::{self, ErrorKind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};
use tokio::sync::mpsc as lines;
use tokio_util::sync::{CancellationToken, PollSender};

/// Whole lines of one client, or its last bytes.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) client: u64,
    pub(super) bytes: Vec<u8>,
}

/// Writes what clients send to stdout.
#[derive(Debug)]
pub(super) struct Merge {
    pieces: Mutex<Option<lines::Sender<Piece>>>,
    /// Counts the bytes of clients.
    meter: Arc<Meter>,
    /// Receives the result of the thread.
    end: Mutex<mpsc::Receiver<io::Result<()>>>,
    failure: Mutex<Option<Failure>>,
}

/// Maximum number of queued pieces. When the queue is full, clients are not read.
const WAITING: usize = 16;

impl Merge {
    /// Starts the thread. It cancels the token if writing fails.
    pub(super) fn start(output: Output, over: &CancellationToken) -> Result<Self, Failure> {
        let (sender, mut pieces) = lines::channel::<Piece>(WAITING);
        let (report, end) = mpsc::channel();
        let over = over.clone();
        let meter = Arc::new(Meter::new(false));
        let counts = Arc::clone(&meter);
        let write_all = move || {
            let output = Outgoing::new(&output, Some(&counts.write_stop));
            let mut writer = OutputWriter { output, meter: &counts, open_line_of: None };
            while let Some(piece) = pieces.blocking_recv() {
                writer.write(&piece)?;
            }
            Ok(())
        };
        let write = move || {
            let result = caught(write_all).unwrap_or_else(|failure| Err(failure.into_io()));
            let has_failed = result.is_err();
            // Nobody receives it if the process is about to end.
            let _ = report.send(result);
            if has_failed {
                over.cancel();
            }
        };
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(write)
            .map_err(|error| Failure::Io { what: "cannot start a thread", error })?;
        Ok(Self {
            pieces: Mutex::new(Some(sender)),
            meter,
            end: Mutex::new(end),
            failure: Mutex::new(None),
        })
    }

    /// Counts bytes that were read from a client. Each of them is written, or reported as lost.
    pub(super) fn count(&self, bytes: u64) {
        self.meter.received.read(bytes);
    }

    /// Returns the sink for a client's lines; `None` if the hub has ended.
    pub(super) fn sink(self: &Arc<Self>, client: u64) -> Option<LineSink> {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(LineSink::new(Arc::clone(self), client, PollSender::new(pieces)))
    }

    /// Waits until everything is written, at most for `limit`. If that takes longer than a moment,
    /// calls `notify` with the rest of the limit.
    pub(super) fn finish(&self, limit: Option<Duration>, notify: impl FnOnce(Duration)) {
        *self.pieces.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = match limit {
            Some(limit) => {
                let delay = NOTICE_DELAY.min(limit);
                end.recv_timeout(delay).or_else(|error| {
                    if error == RecvTimeoutError::Timeout && delay < limit {
                        notify(limit - delay);
                    }
                    end.recv_timeout(limit - delay)
                })
            }
            None => end.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let error = match ended {
            // The reader of the output, such as `head`, may stop reading at any time.
            Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => return,
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => {
                io::Error::new(ErrorKind::TimedOut, "not written within the grace time")
            }
        };
        let is_known = self.meter.write_stop.stop();
        let (lost, delivered) = (self.meter.received.held(), self.meter.received.delivered());
        if lost > 0 {
            let bytes = is_known.then_some(lost);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(undelivered(Receiver::Output, error, bytes, delivered));
        }
    }

    /// Takes the failure of a finished merge, if any.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Debug)]
struct OutputWriter<'a> {
    output: Outgoing<'a>,
    meter: &'a Meter,
    /// The client whose line has not ended.
    open_line_of: Option<u64>,
}

impl OutputWriter<'_> {
    /// Writes a piece. A line that a client has left open is ended before the line of another client
    /// begins.
    fn write(&mut self, piece: &Piece) -> io::Result<()> {
        if self.open_line_of.is_some_and(|client| client != piece.client) {
            deliver(b"\n", &mut self.output, |_| ())?;
        }
        deliver(&piece.bytes, &mut self.output, |written| self.meter.received.moved(written))?;
        self.open_line_of = (!piece.bytes.ends_with(b"\n")).then_some(piece.client);
        Ok(())
    }
}
