#[cfg(feature = "tokio")]
use super::completion_driver::Notifier;
use super::{
    background_operation::BackgroundOperation,
    completion_port::CompletionPort,
    connection::Connection,
    operation,
    pipe::{Pipe, is_disconnection},
    timed_lock::TimedGuard,
    wait_limit::WaitLimit,
};
#[cfg(feature = "tokio")]
use std::task::{Context, Poll};
use std::{
    io,
    os::windows::io::AsHandle,
    sync::{Arc, atomic::Ordering},
};

/// The most that one write takes. The system copies it as a whole into its memory.
const MAX_WRITE: usize = 1024 * 1024;
/// The most that one write takes which does not wait for its own end: as much as the
/// pipe holds.
const MAX_COPY: usize = 64 * 1024;

/// The sending direction of a stream.
///
/// A write that the pipe does not take at once cannot be taken back: when it is
/// cancelled, the reader may have read a part of it. So a write that must not wait, or
/// not for ever, is a copy that goes on in flight after it was reported as written, as
/// if the pipe's buffer were that much longer; and what waits is the next one.
#[derive(Debug, Default)]
pub(super) struct WriteSide {
    in_flight: Option<BackgroundOperation>,
    /// The end of file, behind whatever is in flight.
    end: Option<BackgroundOperation>,
    /// Lets both outlive the threads that started them.
    port: Option<Arc<CompletionPort>>,
    /// The same for asynchronous streams.
    #[cfg(feature = "tokio")]
    notifier: Option<Notifier>,
}

impl WriteSide {
    /// Waits until nothing is in flight; reports the error of what was.
    fn finish_in_flight(&mut self, limit: WaitLimit) -> io::Result<()> {
        match self.in_flight.as_mut().map(|write| write.finish(limit)) {
            None => Ok(()),
            Some(None) => Err(limit.error()),
            Some(Some(result)) => result.map(drop).map_err(disconnected),
        }
    }

    /// The same for a task.
    #[cfg(feature = "tokio")]
    pub(super) fn poll_in_flight(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let Some(write) = &mut self.in_flight else { return Poll::Ready(Ok(())) };
        if write.is_pending() {
            write.set_waker(cx.waker());
        }
        match write.finish(WaitLimit::NoWait) {
            None => Poll::Pending,
            Some(result) => Poll::Ready(result.map(drop).map_err(disconnected)),
        }
    }

    /// Lets writes from now on wake tasks.
    ///
    /// # Errors
    /// If something is in flight, or was: then the pipe belongs to another port.
    #[cfg(feature = "tokio")]
    pub(super) fn set_notifier(&mut self, notifier: Notifier) -> io::Result<()> {
        if self.in_flight.as_ref().is_some_and(BackgroundOperation::is_pending) {
            let text = "a write of the stream is in flight";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        if self.port.is_some() {
            let text = "the stream was written to without waiting, or with a timeout";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        self.notifier = Some(notifier);
        Ok(())
    }

    /// A write to be started; the stream becomes one whose writes outlive threads.
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
            // It belongs to a port already: nobody's thread needs to stay, but the
            // port's owner must not be told.
            None => BackgroundOperation::new(Arc::clone(pipe)),
        }
    }

    /// What has to be delivered after the stream has been dropped.
    pub(super) fn take_in_flight(&mut self) -> Option<BackgroundOperation> {
        self.in_flight.take().filter(BackgroundOperation::is_pending)
    }
}

impl Connection {
    pub(super) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            // To the peer a message of no bytes would be the end of file.
            return Ok(0);
        }
        let limit = self.send_limit();
        let mut side = self.lock_writer(limit)?;
        self.write_locked(&mut side, buf, limit)
    }

    /// Writes something, for who has the lock.
    pub(super) fn write_locked(
        &self,
        side: &mut WriteSide,
        buf: &[u8],
        limit: WaitLimit,
    ) -> io::Result<usize> {
        if side.end.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the sending direction is closed",
            ));
        }
        side.finish_in_flight(limit)?;
        self.written.fetch_add(1, Ordering::Relaxed);
        if limit == WaitLimit::Unlimited {
            let buf = buf.get(..MAX_WRITE).unwrap_or(buf);
            return operation::write(self.pipe.as_handle(), buf).map_err(disconnected);
        }
        let buf = buf.get(..MAX_COPY).unwrap_or(buf);
        let mut write = match side.in_flight.take() {
            Some(write) => write,
            None => side.new_operation(&self.pipe)?,
        };
        write.write(buf);
        let ended = write.finish(WaitLimit::NoWait);
        side.in_flight = Some(write);
        match ended {
            Some(Err(error)) => Err(disconnected(error)),
            Some(Ok(_)) | None => Ok(buf.len()),
        }
    }

    /// Waits until the pipe has taken what was written.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.finish_in_flight(self.send_limit())
    }

    pub(super) fn finish_in_flight(&self, limit: WaitLimit) -> io::Result<()> {
        self.lock_writer(limit)?.finish_in_flight(limit)
    }

    /// Sends the end of file: a message of no bytes, behind what is in flight.
    ///
    /// go-winio waits before that until the peer has read everything (`pipe.go`,
    /// `CloseWrite`), for the sake of peers that read by bytes: their read may run over
    /// the message and swallow it. Streams of this library read by messages and do not
    /// need that, and two programs that both half-close before they read would wait
    /// for each other for ever. A peer that reads by bytes and has fallen behind sees
    /// the end of file when the stream is dropped.
    pub(super) fn end_writing(&self) -> io::Result<()> {
        self.require_messages()?;
        let mut side = self.lock_writer(self.send_limit())?;
        self.end_locked(&mut side)
    }

    pub(super) fn require_messages(&self) -> io::Result<()> {
        if !self.info.has_messages {
            let text = "the peer's pipe is byte-type: it has no end of file but closing";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        Ok(())
    }

    /// Sends the end of file, for who has the lock.
    pub(super) fn end_locked(&self, side: &mut WriteSide) -> io::Result<()> {
        if side.end.is_some() {
            return Ok(());
        }
        let mut end = side.new_operation(&self.pipe)?;
        end.write(&[]);
        let ended = end.finish(WaitLimit::NoWait);
        side.end = Some(end);
        self.written.fetch_add(1, Ordering::Relaxed);
        match ended {
            Some(Err(error)) if is_disconnection(&error) => {
                Err(io::Error::new(io::ErrorKind::NotConnected, error))
            }
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    pub(super) fn lock_writer(&self, limit: WaitLimit) -> io::Result<TimedGuard<'_, WriteSide>> {
        self.writer.lock(limit).ok_or_else(|| limit.error())
    }
}

/// Gives each of the ways to say that the peer has gone the kind `BrokenPipe`.
pub(super) fn disconnected(error: io::Error) -> io::Error {
    if is_disconnection(&error) && error.kind() != io::ErrorKind::BrokenPipe {
        return io::Error::new(io::ErrorKind::BrokenPipe, error);
    }
    error
}
