use super::connection::AsyncConnection;
use crate::os::{
    waker_set::WakeOnDrop,
    windows::{
        timed_lock::TimedGuard, vectored::concatenated, wait_limit::WaitLimit, write::WriteSide,
    },
};
use ::tokio::task::coop;
use std::{
    borrow::Cow,
    io::{self, IoSlice},
    net::Shutdown,
    task::{Context, Poll, ready},
};

/// A write is reported as done while a copy of the data is in flight; see [`WriteSide`]. The next
/// write, flush or shutdown waits for the copy and returns its error.
impl AsyncConnection {
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            // For the peer a message of zero bytes is the end of file.
            return Poll::Ready(Ok(0));
        }
        self.poll_write_with(cx, || Cow::Borrowed(buf))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        // The buffers are concatenated only when the write can start, not in each poll.
        self.poll_write_with(cx, || concatenated(bufs))
    }

    fn poll_write_with<'b>(
        &self,
        cx: &mut Context<'_>,
        buf: impl FnOnce() -> Cow<'b, [u8]>,
    ) -> Poll<io::Result<usize>> {
        let budget = ready!(coop::poll_proceed(cx));
        // Dropped after the lock.
        let mut woken = WakeOnDrop::default();
        let mut side = self.writer()?;
        if !self.connection.write_gate.is_closed() {
            ready!(self.poll_in_flight(&mut side, cx, &mut woken))?;
        }
        budget.made_progress();
        Poll::Ready(self.connection.write_locked(&mut side, &buf(), WaitLimit::NoWait))
    }

    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut woken = WakeOnDrop::default();
        self.poll_in_flight(&mut *self.writer()?, cx, &mut woken)
    }

    fn poll_in_flight(
        &self,
        side: &mut WriteSide,
        cx: &Context<'_>,
        woken: &mut WakeOnDrop,
    ) -> Poll<io::Result<()>> {
        side.poll_in_flight(cx, woken).map_err(|error| self.connection.failed_in_flight(error))
    }

    /// Sends the end of file, ends the writes of other tasks, and waits until the pipe has taken all
    /// data, also if the end of file cannot be sent.
    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.connection.write_gate.is_closed() {
            if let Err(error) = self.connection.end_writing(Shutdown::Write) {
                ready!(self.poll_flush(cx))?;
                return Poll::Ready(Err(error));
            }
            let wakers = self.writer()?.wakers();
            // Without the lock, because wakers can run code of other crates.
            wakers.into_iter().for_each(|wakers| wakers.wake_all());
        }
        self.poll_flush(cx)
    }

    /// Locks the sending direction. It does not block for long: in non-blocking mode no operation
    /// waits while it holds the lock.
    fn writer(&self) -> io::Result<TimedGuard<'_, WriteSide>> {
        self.connection.lock_writer(WaitLimit::Unlimited)
    }
}
