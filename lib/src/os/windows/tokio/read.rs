use super::connection::AsyncConnection;
use crate::os::{
    waker_set::WakeOnDrop,
    windows::{
        background_operation::BackgroundOperation,
        completion_driver::Notifier,
        connection::Connection,
        pipe::{code, is_disconnection},
        wait_limit::WaitLimit,
    },
};
use ::tokio::{io::ReadBuf, task::coop};
use std::{
    io,
    ops::Range,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
};
use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;

/// Maximum length of a read that waits. It is short, so that idle streams need little memory. When
/// the read has completed, the rest of a longer message is read without waiting.
const MAX_WAITING_READ: usize = 4096;

/// The receiving direction of a stream.
///
/// Available data is read directly into the caller's buffer. If there is none, a read into an
/// internal buffer waits, to which the system may write even if the caller has been cancelled. Its
/// data is returned to the next caller.
#[derive(Debug)]
pub(super) struct ReadSide {
    notifier: Notifier,
    /// The operation for reads that wait.
    waiting: Option<BackgroundOperation>,
    in_flight: bool,
    /// The part of its data that was not returned yet.
    rest: Range<usize>,
    /// Whether the data has filled the buffer, so that there may be more.
    filled: bool,
}

impl AsyncConnection {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let budget = ready!(coop::poll_proceed(cx));
        // Dropped after the lock.
        let mut woken = WakeOnDrop::default();
        let result = self.reader().poll(&self.connection, cx, buf, &mut woken);
        if result.is_ready() {
            budget.made_progress();
        }
        result
    }
}

impl ReadSide {
    pub(super) fn new(notifier: Notifier) -> Self {
        Self { notifier, waiting: None, in_flight: false, rest: 0..0, filled: false }
    }

    pub(super) fn notifier(&self) -> &Notifier {
        &self.notifier
    }

    fn poll(
        &mut self,
        connection: &Connection,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
        woken: &mut WakeOnDrop,
    ) -> Poll<io::Result<()>> {
        loop {
            if !self.rest.is_empty() {
                self.give(buf);
                if self.filled && self.rest.is_empty() && buf.remaining() > 0 {
                    // The next read returns the error again.
                    let _ = read_at_once(connection, buf);
                }
                return Poll::Ready(Ok(()));
            }
            if self.in_flight {
                ready!(self.poll_waiting(connection, cx, woken))?;
            } else if connection.read_ended.load(Ordering::Acquire)
                || read_at_once(connection, buf)?
            {
                return Poll::Ready(Ok(()));
            } else {
                self.wait_for(connection, buf.remaining().min(MAX_WAITING_READ));
            }
        }
    }

    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let count = self.rest.len().min(buf.remaining());
        let data = self.waiting.as_ref().map_or(&[][..], BackgroundOperation::data);
        let (begin, end) = (self.rest.start, self.rest.start + count);
        buf.put_slice(data.get(begin..end).unwrap_or_default());
        self.rest.start = end;
    }

    /// Starts a read that waits. The end of file can be noticed only by reading.
    fn wait_for(&mut self, connection: &Connection, most: usize) {
        let notifier = &self.notifier;
        let waiting = self.waiting.get_or_insert_with(|| {
            BackgroundOperation::with_notifier(Arc::clone(&connection.pipe), notifier)
        });
        waiting.read(most);
        self.in_flight = true;
    }

    /// Polls the read that waits. Adds the tasks to wake after the lock of the receiving direction
    /// was released.
    fn poll_waiting(
        &mut self,
        connection: &Connection,
        cx: &Context<'_>,
        woken: &mut WakeOnDrop,
    ) -> Poll<io::Result<()>> {
        if let Some(waiting) = &mut self.waiting {
            if waiting.is_pending() {
                woken.append(waiting.add_waker(cx.waker()));
            }
            let Some(result) = waiting.finish(WaitLimit::NoWait) else { return Poll::Pending };
            self.in_flight = false;
            match result {
                // A half-close sends a message of zero bytes.
                Ok(0) if connection.ends_with_empty_message() => connection.end_reading(),
                // The read is started again.
                Ok(0) => {}
                Ok(count) => {
                    self.rest = 0..count;
                    self.filled = count == waiting.data().len();
                }
                Err(error) if is_disconnection(&error) => connection.end_reading(),
                // The read was cancelled from outside this library; it is started again.
                Err(error) if code(&error) == Some(ERROR_OPERATION_ABORTED) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Reads available data directly into the buffer. Returns `false` if there is none.
fn read_at_once(connection: &Connection, buf: &mut ReadBuf<'_>) -> io::Result<bool> {
    // If the peer has closed the connection, the read that waits returns that.
    let available = connection.pipe.available().unwrap_or(0) as usize;
    if available == 0 {
        return Ok(false);
    }
    let count = available.min(buf.remaining());
    match connection.read(buf.initialize_unfilled_to(count)) {
        Ok(count) => {
            buf.advance(count);
            Ok(true)
        }
        // A user of another handle of the pipe has read the data.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
