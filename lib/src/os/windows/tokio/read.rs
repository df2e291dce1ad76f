use super::connection::AsyncConnection;
use crate::os::windows::{
    background_operation::BackgroundOperation,
    completion_driver::Notifier,
    connection::Connection,
    pipe::{code, is_disconnection},
    wait_limit::WaitLimit,
};
use ::tokio::{io::ReadBuf, task::coop};
use std::{
    io,
    ops::Range,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
};
use windows_sys::Win32::Foundation::ERROR_OPERATION_ABORTED;

/// The most that is read by waiting for it, so that streams on which nothing happens
/// need little memory. The rest of a longer message is there when its beginning is, and
/// is read without waiting.
const MAX_WAIT: usize = 4096;

/// The receiving direction of a stream.
///
/// What is there is read into the caller's buffer. What is not is waited for with a
/// buffer of our own, which the system may write to whether or not the caller still
/// wants it; what has come in it is for the next caller then.
#[derive(Debug)]
pub(super) struct ReadSide {
    notifier: Notifier,
    /// The read that waits, or waited last.
    waiting: Option<BackgroundOperation>,
    in_flight: bool,
    /// What has come and was not given to anybody.
    rest: Range<usize>,
    /// Whether there was no room for more.
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
        let result = self.reader().poll(&self.connection, cx, buf);
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
    ) -> Poll<io::Result<()>> {
        loop {
            if !self.rest.is_empty() {
                self.give(buf);
                if self.filled && self.rest.is_empty() && buf.remaining() > 0 {
                    // An error is met again by the next read.
                    let _ = read_at_once(connection, buf);
                }
                return Poll::Ready(Ok(()));
            }
            if self.in_flight {
                ready!(self.poll_waiting(connection, cx))?;
            } else if connection.read_ended.load(Ordering::Acquire)
                || read_at_once(connection, buf)?
            {
                return Poll::Ready(Ok(()));
            } else {
                self.wait_for(connection, buf.remaining().min(MAX_WAIT));
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

    /// Starts to wait, if only for the end of file: that cannot be seen without reading.
    fn wait_for(&mut self, connection: &Connection, most: usize) {
        let notifier = &self.notifier;
        let waiting = self.waiting.get_or_insert_with(|| {
            BackgroundOperation::with_notifier(Arc::clone(&connection.pipe), notifier)
        });
        waiting.read(most);
        self.in_flight = true;
    }

    fn poll_waiting(&mut self, connection: &Connection, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if let Some(waiting) = &mut self.waiting {
            if waiting.is_pending() {
                waiting.set_waker(cx.waker());
            }
            let Some(result) = waiting.finish(WaitLimit::NoWait) else { return Poll::Pending };
            self.in_flight = false;
            match result {
                // A message of no bytes is what a half-close sends.
                Ok(0) => connection.end_reading(),
                Ok(count) => {
                    self.rest = 0..count;
                    self.filled = count == waiting.data().len();
                }
                Err(error) if is_disconnection(&error) => connection.end_reading(),
                // By nobody here; it can be started again.
                Err(error) if code(&error) == Some(ERROR_OPERATION_ABORTED) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Reads what is there, without a buffer in between; `false` if nothing is.
fn read_at_once(connection: &Connection, buf: &mut ReadBuf<'_>) -> io::Result<bool> {
    // That the peer has gone is what waiting for it tells.
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
        // Somebody with another handle was faster.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
