//! Reads from and writes to a socket through shared references, for `&Stream` and the halves.

use crate::os::waker_set::WakerSet;
use ::tokio::{io::ReadBuf, net::UnixStream, task::coop};
use std::{
    io::{self, IoSlice},
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker, ready},
};

/// The tasks that wait for one direction of a socket. Of those that use `poll_read_ready` or
/// `poll_write_ready`, tokio wakes only the last.
#[derive(Debug, Default)]
pub(super) struct Waiters(OnceLock<Arc<WakerSet>>);

impl Waiters {
    /// Repeats an operation until it does not block. Waits until the socket is ready, and wakes all
    /// tasks then.
    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        poll_ready: impl Fn(&mut Context<'_>) -> Poll<io::Result<()>>,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let budget = ready!(coop::poll_proceed(cx));
        loop {
            match operation() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    budget.made_progress();
                    return Poll::Ready(result);
                }
            }
            let waiting = self.0.get_or_init(Arc::default);
            // Before the socket is checked: it may become ready in between.
            waiting.add(cx.waker());
            let all = Waker::from(Arc::clone(waiting));
            ready!(poll_ready(&mut Context::from_waker(&all)))?;
        }
    }
}

/// Reads through a shared reference.
#[derive(Debug)]
pub(super) struct SharedReader<'a>(pub(super) &'a UnixStream, pub(super) &'a Waiters);

impl SharedReader<'_> {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self(socket, waiters) = self;
        let read = || socket.try_read(buf.initialize_unfilled()).map(|len| buf.advance(len));
        waiters.poll(cx, |cx| socket.poll_read_ready(cx), read)
    }
}

/// Writes through a shared reference.
#[derive(Debug)]
pub(super) struct SharedWriter<'a>(pub(super) &'a UnixStream, pub(super) &'a Waiters);

impl SharedWriter<'_> {
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Self(socket, waiters) = self;
        waiters.poll(cx, |cx| socket.poll_write_ready(cx), || socket.try_write(buf))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self(socket, waiters) = self;
        waiters.poll(cx, |cx| socket.poll_write_ready(cx), || socket.try_write_vectored(bufs))
    }

    /// Returns at once: a socket has no buffer in this process.
    #[expect(clippy::unused_self, reason = "as in `AsyncWrite`")]
    pub(super) fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(rustix::net::shutdown(self.0, rustix::net::Shutdown::Write)?))
    }
}
