//! Writes the lines of clients to stdout on a thread.

use super::lines::LineSink;
use crate::{
    diag::{Failure, Receiver, caught},
    system::Output,
    transfer::undelivered,
};
use std::{
    io::{self, ErrorKind},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
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
    /// Number of bytes that were read from clients.
    read: AtomicU64,
    written: Arc<Written>,
    /// Receives the result of the thread.
    end: Mutex<mpsc::Receiver<io::Result<()>>>,
    failure: Mutex<Option<Failure>>,
}

/// The state of writing to stdout.
#[derive(Debug, Default)]
struct Written {
    /// Number of written bytes of clients.
    bytes: AtomicU64,
    /// Set to stop writing; unwritten bytes then count as lost. The lock is held during each write.
    is_over: Mutex<bool>,
}

/// Maximum number of queued pieces. When the queue is full, clients are not read.
const WAITING: usize = 16;

/// Time that a write takes at most unless it blocks.
const WRITE_TIME: Duration = Duration::from_millis(100);

impl Merge {
    /// Starts the thread. It cancels the token if writing fails.
    pub(super) fn start(output: Output, over: &CancellationToken) -> Result<Self, Failure> {
        let (sender, mut pieces) = lines::channel::<Piece>(WAITING);
        let (tell, end) = mpsc::channel();
        let over = over.clone();
        let written = Arc::<Written>::default();
        let room = output.room();
        let mut writer = Writer { output, room, written: Arc::clone(&written), open_line_of: None };
        let write_all = move || {
            while let Some(piece) = pieces.blocking_recv() {
                writer.write(&piece)?;
            }
            Ok(())
        };
        let write = move || {
            let result = caught(write_all).unwrap_or_else(|failure| Err(failure.into_io()));
            let is_over = result.is_err();
            // Nobody receives it if the process is about to end.
            let _ = tell.send(result);
            if is_over {
                over.cancel();
            }
        };
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(write)
            .map_err(|error| Failure::Io { what: "cannot start a thread", error })?;
        Ok(Self {
            pieces: Mutex::new(Some(sender)),
            read: AtomicU64::new(0),
            written,
            end: Mutex::new(end),
            failure: Mutex::new(None),
        })
    }

    /// Counts bytes that were read from a client. Each of them is written, or reported as lost.
    pub(super) fn count(&self, bytes: u64) {
        self.read.fetch_add(bytes, Relaxed);
    }

    /// Returns the way of a client's lines to stdout; `None` if the hub has ended.
    pub(super) fn sink(self: &Arc<Self>, client: u64) -> Option<LineSink> {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(LineSink::new(Arc::clone(self), client, PollSender::new(pieces)))
    }

    /// Waits until everything is written, at most for `limit`.
    pub(super) fn finish(&self, limit: Option<Duration>) {
        *self.pieces.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = match limit {
            Some(limit) => end.recv_timeout(limit),
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
        let is_known = self.stop_writing();
        let delivered = self.written.bytes.load(Relaxed);
        let lost = self.read.load(Relaxed).saturating_sub(delivered);
        if lost > 0 {
            let bytes = is_known.then_some(lost);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(undelivered(Receiver::Output, error, bytes, delivered));
        }
    }

    /// Stops writing. Returns `false` if a write is blocked, so that the number of its written
    /// bytes is unknown.
    fn stop_writing(&self) -> bool {
        let start = Instant::now();
        loop {
            match self.written.is_over.try_lock() {
                Ok(mut is_over) => *is_over = true,
                Err(TryLockError::Poisoned(is_over)) => *is_over.into_inner() = true,
                Err(TryLockError::WouldBlock) if start.elapsed() < WRITE_TIME => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(TryLockError::WouldBlock) => return false,
            }
            return true;
        }
    }

    /// What went wrong, once it is finished.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Debug)]
struct Writer {
    output: Output,
    /// How much is written at a time.
    room: usize,
    written: Arc<Written>,
    /// The client whose line has not ended.
    open_line_of: Option<u64>,
}

impl Writer {
    /// Writes a piece. A line that a client has left open is ended before another client's
    /// begins.
    fn write(&mut self, piece: &Piece) -> io::Result<()> {
        if self.open_line_of.is_some_and(|client| client != piece.client) {
            self.write_all(b"\n", false)?;
        }
        self.write_all(&piece.bytes, true)?;
        self.open_line_of = (!piece.bytes.ends_with(b"\n")).then_some(piece.client);
        Ok(())
    }

    /// Writes bytes, and counts them if they are a client's. Waiting is done without the lock,
    /// so that what is written is known whenever the output is blocked.
    fn write_all(&self, mut bytes: &[u8], is_counted: bool) -> io::Result<()> {
        while !bytes.is_empty() {
            self.output.wait_writable()?;
            let is_over = self.written.is_over.lock().unwrap_or_else(PoisonError::into_inner);
            if *is_over {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.output.write(&bytes[..bytes.len().min(self.room)]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    if is_counted {
                        self.written.bytes.fetch_add(count as u64, Relaxed);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted | ErrorKind::WouldBlock => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }
}
