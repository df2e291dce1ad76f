use super::connection::Connection;
use crate::os::windows::{
    driver::Signals,
    lasting::Lasting,
    patience::Patience,
    pipe::{code, is_disconnection},
    shared::Shared,
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
const LONGEST_WAIT: usize = 4096;

/// The receiving direction of a stream.
///
/// What is there is read into the caller's buffer. What is not is waited for with a
/// buffer of our own, which the system may write to whether or not the caller still
/// wants it; what has come in it is for the next caller then.
#[derive(Debug)]
pub(super) struct ReadSide {
    signals: Signals,
    /// The read that waits, or waited last.
    waiting: Option<Lasting>,
    in_flight: bool,
    /// What has come and was not given to anybody.
    rest: Range<usize>,
    /// Whether there was no room for more.
    filled: bool,
}

impl Connection {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let turn = ready!(coop::poll_proceed(cx));
        let result = self.reader().poll(&self.shared, cx, buf);
        if result.is_ready() {
            turn.made_progress();
        }
        result
    }
}

impl ReadSide {
    pub(super) fn new(signals: Signals) -> Self {
        Self { signals, waiting: None, in_flight: false, rest: 0..0, filled: false }
    }

    pub(super) fn signals(&self) -> &Signals {
        &self.signals
    }

    fn poll(
        &mut self,
        shared: &Shared,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if !self.rest.is_empty() {
                self.give(buf);
                if self.filled && self.rest.is_empty() && buf.remaining() > 0 {
                    // An error is met again by the next read.
                    let _ = read_at_once(shared, buf);
                }
                return Poll::Ready(Ok(()));
            }
            if self.in_flight {
                ready!(self.poll_waiting(shared, cx))?;
            } else if shared.read_ended.load(Ordering::Acquire) || read_at_once(shared, buf)? {
                return Poll::Ready(Ok(()));
            } else {
                self.wait_for(shared, buf.remaining().min(LONGEST_WAIT));
            }
        }
    }

    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let count = self.rest.len().min(buf.remaining());
        let data = self.waiting.as_ref().map_or(&[][..], Lasting::data);
        let (begin, end) = (self.rest.start, self.rest.start + count);
        buf.put_slice(data.get(begin..end).unwrap_or_default());
        self.rest.start = end;
    }

    /// Starts to wait, if only for the end of file: that cannot be seen without reading.
    fn wait_for(&mut self, shared: &Shared, most: usize) {
        let signals = &self.signals;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Lasting::with_signals(Arc::clone(&shared.pipe), signals));
        waiting.read(most);
        self.in_flight = true;
    }

    fn poll_waiting(&mut self, shared: &Shared, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if let Some(waiting) = &mut self.waiting {
            if waiting.is_pending() {
                waiting.wake(cx.waker());
            }
            let Some(result) = waiting.finish(Patience::Nothing) else { return Poll::Pending };
            self.in_flight = false;
            match result {
                // A message of no bytes is what a half-close sends.
                Ok(0) => shared.end_reading(),
                Ok(count) => {
                    self.rest = 0..count;
                    self.filled = count == waiting.data().len();
                }
                Err(error) if is_disconnection(&error) => shared.end_reading(),
                // By nobody here; it can be started again.
                Err(error) if code(&error) == Some(ERROR_OPERATION_ABORTED) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Reads what is there, without a buffer in between; `false` if nothing is.
fn read_at_once(shared: &Shared, buf: &mut ReadBuf<'_>) -> io::Result<bool> {
    // That the peer has gone is what waiting for it tells.
    let available = shared.pipe.available().unwrap_or(0) as usize;
    if available == 0 {
        return Ok(false);
    }
    let count = available.min(buf.remaining());
    match shared.read(buf.initialize_unfilled_to(count)) {
        Ok(count) => {
            buf.advance(count);
            Ok(true)
        }
        // Somebody with another handle was faster.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
