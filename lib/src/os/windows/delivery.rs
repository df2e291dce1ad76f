//! Whether the peer has read what was written.

use super::{
    background_operation::BackgroundOperation,
    pipe::{self, Pipe, code, is_disconnection},
    wait_limit::WaitLimit,
};
#[cfg(test)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::{
    io,
    os::windows::io::{AsRawHandle, BorrowedHandle},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use windows_sys::Win32::{
    Foundation::{ERROR_OPERATION_ABORTED, ERROR_PIPE_NOT_CONNECTED},
    System::IO::CancelSynchronousIo,
};

/// Returns the number of bytes that were written to a pipe and that its peer has not read yet.
/// [`drain`](crate::traits::Stream::drain) waits until there are none.
///
/// If there are none and the peer waits for data, the result is the size of its buffer instead: only
/// `drain`, which fails with `TimedOut`, shows that data is unread.
///
/// # Errors
/// An error of `NtQueryInformationFile`.
///
/// # Platform-specific behaviour
/// Wine does not count the bytes; the result is the size of the pipe's buffer.
pub fn unread_by_peer(pipe: BorrowedHandle<'_>) -> io::Result<usize> {
    pipe::unread(pipe)
}

/// Watches whether the peer reads what was written, and sends the end of file after that.
///
/// Only `FlushFileBuffers` reports it: the function returns when the peer has read everything, and
/// fails if the peer closes before. It has no overlapped variant, so it is called in a thread, which
/// runs while data is unread. If the peer closes while the function is not running, it is not known
/// what the peer has read.
#[derive(Debug, Default)]
pub(super) struct PipeDelivery {
    state: Mutex<DeliveryState>,
    changed: Condvar,
    /// Whether the thread calls the function.
    #[cfg(test)]
    is_flushing: AtomicBool,
}

#[derive(Debug, Default)]
struct DeliveryState {
    /// Number of writes.
    written: u64,
    /// Number of writes, from the first one on, that the thread has to wait for.
    watched: u64,
    /// Number of writes, from the first one on, that the peer is known to have read.
    read: u64,
    /// The thread, while it runs.
    thread: Option<JoinHandle<()>>,
    /// The error of the thread, unless the peer has closed.
    error: Option<io::Error>,
    closed: Option<Closed>,
    /// Whether `take_error` still has to return the loss.
    is_unreported: bool,
    /// The message that marks the end of file, and whether it was started.
    end: Option<(BackgroundOperation, bool)>,
    /// Whether the thread has to end.
    is_over: bool,
}

/// What is known about a peer that has closed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Closed {
    /// It had not read everything.
    BeforeReading,
    /// It is not known whether it had read everything.
    Unwatched,
}

/// A flush that begins after the server has called `DisconnectNamedPipe` fails within this time,
/// whatever the server has read. A flush that has waited, because data was unread, fails with the same
/// error when the server disconnects.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Time for the thread to end after the peer has closed, which ends the function.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// Time after which a cancellation is repeated. It has no effect before the thread is in the system
/// call.
const CANCEL_TIME: Duration = Duration::from_millis(5);

/// Maximum time for which the thread waits until the end of file is written. Wine can lose the
/// completion of an operation whose thread has exited.
const END_TIME: Duration = Duration::from_secs(1);

/// Number of cancellations.
const CANCELS: usize = 200;

impl PipeDelivery {
    /// Records a write that was started.
    pub(super) fn written(&self) {
        self.state().written += 1;
    }

    /// Records that the peer has closed during a write.
    pub(super) fn cut(&self) {
        self.state().closed(Closed::BeforeReading);
    }

    /// Starts to watch, if the peer may not have read everything.
    pub(super) fn watch(self: &Arc<Self>, pipe: &Arc<Pipe>) -> io::Result<()> {
        self.watch_with(&mut self.state(), pipe)
    }

    fn watch_with(self: &Arc<Self>, state: &mut DeliveryState, pipe: &Arc<Pipe>) -> io::Result<()> {
        if state.read == state.written || state.closed.is_some() {
            return Ok(());
        }
        state.watched = state.written;
        if state.thread.is_some() {
            return Ok(());
        }
        if pipe.is_hung_up()? {
            state.closed(Closed::Unwatched);
            return Ok(());
        }
        let (this, pipe) = (Arc::clone(self), Arc::clone(pipe));
        let thread = thread::Builder::new()
            .name("local_socket delivery".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || this.run(pipe))?;
        state.thread = Some(thread);
        Ok(())
    }

    /// Waits until the peer has read everything that was written before the call.
    pub(super) fn wait(self: &Arc<Self>, pipe: &Arc<Pipe>, limit: WaitLimit) -> io::Result<()> {
        let mut state = self.state();
        let written = state.written;
        loop {
            if state.read >= written {
                return Ok(());
            }
            if let Some(error) = state.error.take() {
                return Err(error);
            }
            self.watch_with(&mut state, pipe)?;
            if let Some(closed) = state.closed {
                return Err(closed.error(io::ErrorKind::BrokenPipe));
            }
            if limit.is_over() {
                state = self.settled(state, pipe);
                if state.read < written && state.closed.is_none() && state.error.is_none() {
                    let text = "the peer has not read everything";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, text));
                }
                continue;
            }
            state = match limit.remaining() {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(rest) => {
                    self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Returns the error if the peer has closed without reading everything, the first time that this
    /// is called.
    pub(super) fn take_error(&self, pipe: &Pipe) -> Option<io::Error> {
        let mut state = self.settled(self.state(), pipe);
        let is_unreported = std::mem::take(&mut state.is_unreported);
        is_unreported.then(|| Closed::BeforeReading.error(io::ErrorKind::ConnectionReset))
    }

    /// Sends the end of file, as soon as the peer has read everything that was written. A peer in
    /// byte-read mode may read over a message of zero bytes that follows unread data, and never find
    /// the end of file. (go-winio waits there too: `pipe.go`, `CloseWrite`.)
    ///
    /// There is no time limit for that: a peer that does not read does not get to the end of file, and
    /// closing the pipe is an end of file as well.
    pub(super) fn send_end(
        self: &Arc<Self>,
        pipe: &Arc<Pipe>,
        end: BackgroundOperation,
    ) -> io::Result<()> {
        let mut state = self.state();
        state.end = Some((end, false));
        // Without a thread it is sent at once.
        let is_watched = self.watch_with(&mut state, pipe).is_ok() && state.thread.is_some();
        if is_watched { Ok(()) } else { state.start_end(WaitLimit::NoWait) }
    }

    /// Returns whether the thread calls the function that waits for the peer.
    #[cfg(test)]
    pub(super) fn is_flushing(&self) -> bool {
        self.is_flushing.load(Ordering::SeqCst)
    }

    /// Returns whether the end of file was sent.
    #[cfg(test)]
    pub(super) fn has_sent_end(&self) -> bool {
        matches!(self.state().end, Some((_, true)))
    }

    /// Ends the thread before the pipe is closed. If the end of file was not sent yet, it is sent if
    /// `sends_end`.
    pub(super) fn stop(&self, sends_end: bool) {
        let mut state = self.state();
        state.is_over = true;
        for _ in 0..CANCELS {
            let Some(thread) = &state.thread else { break };
            // SAFETY: the thread's handle is open while the `JoinHandle` exists.
            unsafe { CancelSynchronousIo(thread.as_raw_handle()) };
            let waited = self.changed.wait_timeout(state, CANCEL_TIME);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_over = state.thread.is_some();
        if sends_end {
            // It fails if the peer has closed.
            let _ = state.start_end(WaitLimit::NoWait);
        }
        // The message keeps the pipe open as well. It is dropped without the lock, because it waits
        // for the end of its cancellation.
        let end = state.end.take();
        drop(state);
        drop(end);
    }

    /// Waits until the thread has ended if the peer has closed.
    fn settled<'a>(
        &self,
        state: MutexGuard<'a, DeliveryState>,
        pipe: &Pipe,
    ) -> MutexGuard<'a, DeliveryState> {
        if state.thread.is_none() || !pipe.is_hung_up().unwrap_or(false) {
            return state;
        }
        let runs = |state: &mut DeliveryState| state.thread.is_some();
        self.changed
            .wait_timeout_while(state, CLOSING_TIME, runs)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Waits for the peer until it has read everything that is to be watched.
    fn run(&self, pipe: Arc<Pipe>) {
        let mut state = self.state();
        while !state.is_over && state.read < state.watched && state.closed.is_none() {
            let watched = state.watched;
            drop(state);
            // A flush after the peer has closed succeeds, whatever it has read.
            let result = match pipe.is_hung_up() {
                Ok(true) => Ok(Some(Closed::Unwatched)),
                _ => {
                    let started = Instant::now();
                    match self.flush(&pipe) {
                        // The peer has disconnected since that check.
                        Err(error)
                            if code(&error) == Some(ERROR_PIPE_NOT_CONNECTED)
                                && started.elapsed() < AT_ONCE =>
                        {
                            Ok(Some(Closed::Unwatched))
                        }
                        result => result.map(|()| None),
                    }
                }
            };
            state = self.state();
            match result {
                Ok(Some(closed)) => state.closed(closed),
                Ok(None) => {
                    state.read = state.read.max(watched);
                    // Later writes may be unread, for which not every caller waits.
                    self.changed.notify_all();
                }
                Err(error) if code(&error) == Some(ERROR_OPERATION_ABORTED) => {}
                Err(error) if is_disconnection(&error) => {
                    state.closed(Closed::BeforeReading);
                }
                Err(error) => {
                    state.error = Some(error);
                    break;
                }
            }
        }
        if !state.is_over {
            // It fails if the peer has closed. There is room for it: the peer has read everything.
            let _ = state.start_end(WaitLimit::at_most(END_TIME));
        }
        drop(pipe);
        state.thread = None;
        drop(state);
        self.changed.notify_all();
    }

    fn flush(&self, pipe: &Pipe) -> io::Result<()> {
        #[cfg(test)]
        self.is_flushing.store(true, Ordering::SeqCst);
        let result = pipe.flush();
        #[cfg(test)]
        self.is_flushing.store(false, Ordering::SeqCst);
        result
    }

    fn state(&self) -> MutexGuard<'_, DeliveryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeliveryState {
    /// Records that the peer has closed. A known loss replaces an end of which nothing is known.
    fn closed(&mut self, how: Closed) {
        let is_lost = how == Closed::BeforeReading && self.closed != Some(how);
        self.is_unreported |= is_lost;
        if is_lost || self.closed.is_none() {
            self.closed = Some(how);
        }
    }

    /// Starts to write the end of file, unless it was started before or is not to be sent, and waits
    /// within the limit until it is written.
    fn start_end(&mut self, limit: WaitLimit) -> io::Result<()> {
        let Some((end, is_started)) = &mut self.end else { return Ok(()) };
        if std::mem::replace(is_started, true) {
            return Ok(());
        }
        end.write(&[]);
        match end.finish(limit) {
            Some(Err(error)) if !is_disconnection(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Closed {
    fn error(self, kind: io::ErrorKind) -> io::Error {
        let text = match self {
            Self::BeforeReading => "the peer has closed the connection without reading everything",
            Self::Unwatched => {
                "the peer has closed, and it is not known whether it had read everything"
            }
        };
        io::Error::new(kind, text)
    }
}
