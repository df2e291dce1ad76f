#[cfg(feature = "tokio")]
use super::completion_driver::Notifier;
use super::{
    background_operation::BackgroundOperation,
    completion_port::CompletionPort,
    connection::Connection,
    operation::{self, Written},
    pipe::{Pipe, code, is_disconnection},
    timed_lock::TimedGuard,
    wait_limit::WaitLimit,
};
#[cfg(feature = "tokio")]
use crate::os::waker_set::{WakeOnDrop, WakerSet};
#[cfg(feature = "tokio")]
use std::task::{Context, Poll};
use std::{io, net::Shutdown, os::windows::io::AsHandle, sync::Arc, thread, time::Duration};
use windows_sys::Win32::Foundation::ERROR_BROKEN_PIPE;

/// Maximum length of one write. The system copies all of it into its memory.
const MAX_WRITE: usize = 1024 * 1024;
/// Maximum length of a write that goes on after it was reported: the size of the pipe's buffer.
const MAX_COPY: usize = 64 * 1024;

/// Maximum time for which a thread that waits for the write in flight does not notice a call of
/// `shutdown` in another thread.
const SLICE: Duration = Duration::from_millis(20);

/// The sending direction of a stream.
///
/// A pending write cannot be undone: when it is cancelled, the reader may have read a part of it.
/// So a write in non-blocking mode or with a timeout writes a copy, and is reported as done while
/// the copy is *in flight*, as if the pipe's buffer were longer. The next write waits for it.
#[derive(Debug, Default)]
pub(super) struct WriteSide {
    in_flight: Option<BackgroundOperation>,
    /// Whether the direction was shut down.
    has_ended: bool,
    /// The port with which both go on when the threads that started them exit.
    port: Option<Arc<CompletionPort>>,
    /// For asynchronous streams: replaces the port and wakes tasks.
    #[cfg(feature = "tokio")]
    notifier: Option<Notifier>,
}

impl WriteSide {
    /// Waits for the write in flight and returns its error. Returns `None` if the time limit ends
    /// first.
    fn finish_in_flight(&mut self, limit: WaitLimit) -> Option<io::Result<()>> {
        let Some(write) = &mut self.in_flight else { return Some(Ok(())) };
        write.finish(limit).map(|result| result.map(drop))
    }

    /// Polls the write in flight and returns its error. Adds the tasks to wake after the lock of the
    /// sending direction was released.
    #[cfg(feature = "tokio")]
    pub(super) fn poll_in_flight(
        &mut self,
        cx: &Context<'_>,
        woken: &mut WakeOnDrop,
    ) -> Poll<io::Result<()>> {
        let Some(write) = &mut self.in_flight else { return Poll::Ready(Ok(())) };
        if write.is_pending() {
            woken.append(write.add_waker(cx.waker()));
        }
        match write.finish(WaitLimit::NoWait) {
            None => Poll::Pending,
            Some(result) => Poll::Ready(result.map(drop)),
        }
    }

    /// Makes later writes wake tasks.
    ///
    /// # Errors
    /// `ResourceBusy` if a write is in flight. `Unsupported` if there was one: then the pipe
    /// belongs to another completion port.
    #[cfg(feature = "tokio")]
    pub(super) fn set_notifier(&mut self, notifier: Notifier) -> io::Result<()> {
        if self.in_flight.as_ref().is_some_and(BackgroundOperation::is_pending) {
            let text = "a write of the stream is in flight";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        if self.port.is_some() {
            let text = "the stream was written to in non-blocking mode or with a timeout";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        self.notifier = Some(notifier);
        Ok(())
    }

    /// Returns the wakers of the tasks that wait for the write in flight.
    #[cfg(feature = "tokio")]
    pub(super) fn wakers(&self) -> Option<Arc<WakerSet>> {
        self.notifier.as_ref().map(|notifier| Arc::clone(&notifier.wakers))
    }

    /// Creates an operation for a write that goes on when the thread that started it exits.
    fn new_operation(&mut self, pipe: &Arc<Pipe>) -> io::Result<BackgroundOperation> {
        #[cfg(feature = "tokio")]
        if let Some(notifier) = &self.notifier {
            return Ok(BackgroundOperation::with_notifier(Arc::clone(pipe), notifier));
        }
        if self.port.is_none() {
            self.port = CompletionPort::for_pipe(pipe).ok().map(Arc::new);
        }
        match &self.port {
            Some(port) => Ok(BackgroundOperation::with_port(Arc::clone(pipe), Arc::clone(port))),
            // The pipe belongs to a port of another library. Its operations go on when threads
            // exit, and the event prevents entries in that port.
            None => BackgroundOperation::new(Arc::clone(pipe)),
        }
    }

    /// Returns the write that has to go on after the stream was dropped.
    pub(super) fn take_in_flight(&mut self) -> Option<BackgroundOperation> {
        self.in_flight.take().filter(BackgroundOperation::is_pending)
    }
}

impl Connection {
    pub(super) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            // For the peer a message of zero bytes is the end of file.
            return Ok(0);
        }
        let limit = self.send_limit();
        let mut side = self.lock_writer(limit)?;
        self.write_locked(&mut side, buf, limit)
    }

    /// Writes data; the caller holds the lock.
    pub(super) fn write_locked(
        &self,
        side: &mut WriteSide,
        buf: &[u8],
        limit: WaitLimit,
    ) -> io::Result<usize> {
        // A call of `shutdown` that fails opens the gate again, also after another has succeeded.
        if side.has_ended || self.write_gate.is_closed() || !self.finish_locked(side, limit)? {
            return Err(closed());
        }
        if limit == WaitLimit::Unlimited {
            let buf = buf.get(..MAX_WRITE).unwrap_or(buf);
            // Before and after: what the peer has read is observed at any time.
            self.delivery.written();
            let written = operation::write(self.pipe.as_handle(), buf, &self.write_gate);
            self.delivery.written();
            return match written {
                Ok(Written::All(count)) => Ok(count),
                Ok(Written::Nothing) => Err(closed()),
                Ok(Written::Unknown) => Err(cancelled()),
                Err(error) => Err(self.failed(error)),
            };
        }
        let buf = buf.get(..MAX_COPY).unwrap_or(buf);
        let mut write = match side.in_flight.take() {
            Some(write) => write,
            None => side.new_operation(&self.pipe)?,
        };
        write.write(buf);
        self.delivery.written();
        let ended = write.finish(WaitLimit::NoWait);
        side.in_flight = Some(write);
        match ended {
            Some(Err(error)) => Err(self.failed(error)),
            Some(Ok(_)) | None => Ok(buf.len()),
        }
    }

    /// Returns the error of a write, and records whether the peer has closed during the write. A
    /// write after that fails with `ERROR_NO_DATA`.
    pub(super) fn failed(&self, error: io::Error) -> io::Error {
        if code(&error) == Some(ERROR_BROKEN_PIPE) {
            self.delivery.cut();
        }
        disconnected(error)
    }

    /// Returns the error of the write in flight, and records whether the peer has closed: it has not
    /// read what was reported as written.
    pub(super) fn failed_in_flight(&self, error: io::Error) -> io::Error {
        if is_disconnection(&error) {
            self.delivery.cut();
        }
        disconnected(error)
    }

    /// Records whether the peer has closed during the write in flight, whose error is left to the
    /// next write.
    pub(super) fn note_in_flight(&self) {
        if let Ok(mut side) = self.lock_writer(WaitLimit::NoWait)
            && let Some(write) = &mut side.in_flight
            && write.failure().is_some_and(is_disconnection)
        {
            self.delivery.cut();
        }
    }

    /// Returns the number of bytes, at most, that were reported as written and that the pipe has not
    /// taken; 0 while another thread writes.
    pub(super) fn in_flight(&self) -> usize {
        let Ok(mut side) = self.lock_writer(WaitLimit::NoWait) else { return 0 };
        side.in_flight.as_mut().map_or(0, BackgroundOperation::untaken)
    }

    /// Waits until the pipe's buffer has taken all data.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.finish_in_flight(self.send_limit())
    }

    pub(super) fn finish_in_flight(&self, limit: WaitLimit) -> io::Result<()> {
        while !self.finish_locked(&mut *self.lock_writer(limit)?, limit)? {
            // A call of `shutdown` takes the lock now, and does not wait while it holds it.
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Waits for the write in flight and returns its error; the caller holds the lock. Returns
    /// `false` if the caller has to release the lock, because another thread calls `shutdown`.
    fn finish_locked(&self, side: &mut WriteSide, limit: WaitLimit) -> io::Result<bool> {
        let mut slice = WaitLimit::NoWait;
        loop {
            if let Some(result) = side.finish_in_flight(slice) {
                return result.map(|()| true).map_err(|error| self.failed_in_flight(error));
            }
            if limit.is_over() {
                return Err(limit.error());
            }
            if !side.has_ended && self.write_gate.is_closed() {
                return Ok(false);
            }
            slice = limit.or_after(SLICE);
        }
    }

    /// Sends the end of file: a message of zero bytes, when the peer has read everything. It ends the
    /// writes that wait in other threads, and does not wait longer than they take for that, nor for
    /// the peer: two programs that both half-close before they read would block each other. If the
    /// peer has closed, there is nothing left to do.
    ///
    /// If the end of file cannot be sent, this end is closed nevertheless for `Shutdown::Both`, which
    /// gives the connection up. Otherwise it can still be written to.
    pub(super) fn end_writing(&self, how: Shutdown) -> io::Result<()> {
        if !self.info.directions.sends() {
            return Ok(());
        }
        self.write_gate.close(&self.pipe);
        let ended = self.lock_writer(WaitLimit::Unlimited).and_then(|mut side| {
            let ended = self.end_locked(&mut side);
            side.has_ended |= how == Shutdown::Both;
            ended
        });
        if ended.is_err() && how != Shutdown::Both {
            self.write_gate.open();
        }
        ended
    }

    /// Sends the end of file; the caller holds the lock.
    fn end_locked(&self, side: &mut WriteSide) -> io::Result<()> {
        self.require_half_close()?;
        if side.has_ended {
            return Ok(());
        }
        let end = side.new_operation(&self.pipe)?;
        self.delivery.send_end(&self.pipe, end)?;
        side.has_ended = true;
        Ok(())
    }

    pub(super) fn lock_writer(&self, limit: WaitLimit) -> io::Result<TimedGuard<'_, WriteSide>> {
        self.writer.lock(limit).ok_or_else(|| limit.error())
    }
}

/// Returns the error of a write after the sending direction was shut down.
fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the sending direction is closed")
}

/// Returns the error of a write during which the sending direction was shut down.
fn cancelled() -> io::Error {
    let text = "the sending direction was closed; the peer may have read a part of the data";
    io::Error::new(io::ErrorKind::BrokenPipe, text)
}

/// Converts all errors that mean that the other end was closed to kind `BrokenPipe`.
pub(super) fn disconnected(error: io::Error) -> io::Error {
    if is_disconnection(&error) && error.kind() != io::ErrorKind::BrokenPipe {
        return io::Error::new(io::ErrorKind::BrokenPipe, error);
    }
    error
}
