//! Reads from and writes to a socket through shared references, for `&Stream` and the halves.

#![allow(unsafe_code, reason = "buffers are filled that were not initialised")]

use crate::os::{
    unix::{drain::PeerReset, sys},
    waker_set::WakerSet,
};
use ::tokio::{
    io::{Interest, ReadBuf},
    net::UnixStream,
    task::coop,
};
use rustix::net::{RecvFlags, recv};
use std::{
    io::{self, IoSlice},
    net::Shutdown,
    os::fd::AsFd as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

/// What this process keeps for one direction of a socket.
#[derive(Debug, Default)]
pub(super) struct SharedDirection {
    /// The tasks that wait. Of those that use `poll_read_ready` or `poll_write_ready`, tokio wakes
    /// only the last.
    wakers: OnceLock<Arc<WakerSet>>,
    /// Whether this end has shut down the direction. The system ends a call that waits for room
    /// then, but reports nothing to an event loop until the peer reads.
    is_shut_down: AtomicBool,
    /// What the calls in this direction have found out about the peer.
    pub(super) reset: PeerReset,
}

impl SharedDirection {
    /// Fails if this end has shut down sending.
    pub(super) fn check_open(&self) -> io::Result<()> {
        if self.is_shut_down.load(Ordering::Relaxed) {
            return Err(rustix::io::Errno::PIPE.into());
        }
        Ok(())
    }

    /// Shuts down sending, and wakes the tasks that wait for room.
    pub(super) fn shut_down_sending(&self, socket: &UnixStream) -> io::Result<()> {
        sys::shutdown(socket.as_fd(), Shutdown::Write)?;
        self.is_shut_down.store(true, Ordering::Relaxed);
        // Also if no task waits yet: the lock of the set orders this before the check of a task that
        // is about to wait.
        self.wakers.get_or_init(Arc::default).wake_all();
        Ok(())
    }

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
            let waiting = self.wakers.get_or_init(Arc::default);
            // Registered before the socket is checked: it may become ready in between.
            drop(waiting.add(cx.waker()));
            self.check_open()?;
            let all = Waker::from(Arc::clone(waiting));
            ready!(poll_ready(&mut Context::from_waker(&all)))?;
        }
    }
}

/// Reads through a shared reference.
#[derive(Debug)]
pub(super) struct SharedReader<'a>(pub(super) &'a UnixStream, pub(super) &'a SharedDirection);

impl SharedReader<'_> {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self(socket, direction) = self;
        let read = || {
            let result = socket.try_io(Interest::READABLE, || receive(socket, buf));
            direction.reset.note(result).map(|_| ())
        };
        direction.poll(cx, |cx| socket.poll_read_ready(cx), read)
    }
}

/// Reads into the part of a buffer that is not filled, which needs no zeros before.
fn receive(socket: &UnixStream, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    // SAFETY: the call only writes bytes.
    let unfilled = unsafe { buf.unfilled_mut() };
    let (_, len) = recv(socket, unfilled, RecvFlags::empty())?;
    // SAFETY: the call has written that many bytes.
    unsafe { buf.assume_init(len) };
    buf.advance(len);
    Ok(len)
}

/// Writes through a shared reference.
#[derive(Debug)]
pub(super) struct SharedWriter<'a>(pub(super) &'a UnixStream, pub(super) &'a SharedDirection);

impl SharedWriter<'_> {
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Self(socket, direction) = self;
        let write = || direction.reset.note_written(buf.len(), socket.try_write(buf));
        direction.poll(cx, |cx| socket.poll_write_ready(cx), write)
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self(socket, direction) = self;
        let send = || direction.reset.send_vectored(socket.as_fd(), bufs);
        let write = || socket.try_io(Interest::WRITABLE, send);
        direction.poll(cx, |cx| socket.poll_write_ready(cx), write)
    }

    /// Returns at once: a socket has no buffer in this process.
    #[expect(clippy::unused_self, reason = "as in `AsyncWrite`")]
    pub(super) fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.1.shut_down_sending(self.0))
    }
}
