//! A pipe in an event loop, and checks of its peer, for which the system has no events.

use super::{super::PeerState, poll};
use local_socket::{
    tokio::Stream,
    traits::{StreamCommon as _, tokio::Stream as _},
};
use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    time::{Sleep, sleep},
};

/// A pipe that is registered with the event loop of its task.
#[derive(Debug)]
pub(crate) struct LocalPipe {
    stream: Stream,
    /// The timer until it is checked again whether the peer has closed.
    hang_up_timer: Option<Pin<Box<Sleep>>>,
    /// The timer until it is checked whether the task is idle.
    idle_timer: Option<Pin<Box<Sleep>>>,
    /// Whether something was written since that timer was started.
    has_written: bool,
}

/// Interval of the checks.
const INTERVAL: Duration = Duration::from_millis(50);

impl From<Stream> for LocalPipe {
    fn from(stream: Stream) -> Self {
        Self { stream, hang_up_timer: None, idle_timer: None, has_written: false }
    }
}

impl From<LocalPipe> for Stream {
    fn from(pipe: LocalPipe) -> Self {
        pipe.stream
    }
}

impl LocalPipe {
    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if result.is_pending() {
            self.watch_delivery_if_idle(cx);
        }
        result
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.has_written = true;
        self.watch_delivery_if_idle(cx);
        result
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    /// Makes messages of zero bytes mean nothing, instead of the end of file.
    pub(super) fn ignore_empty_messages(&self) {
        let Stream::NamedPipe(pipe) = &self.stream;
        pipe.ignore_empty_messages(true);
    }

    /// Waits until the peer has closed both directions.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.watch_delivery_if_idle(cx);
        loop {
            if self.stream.peer_hung_up().unwrap_or(true) {
                return Poll::Ready(());
            }
            // The system reports no such event.
            let pause = self.hang_up_timer.get_or_insert_with(|| Box::pin(sleep(INTERVAL)));
            ready!(pause.as_mut().poll(cx));
            self.hang_up_timer = None;
        }
    }

    /// Returns the number of bytes, at most, that were written here and that the pipe has not taken.
    pub(super) fn in_flight(&self) -> usize {
        let Stream::NamedPipe(pipe) = &self.stream;
        pipe.in_flight()
    }

    /// Returns the state of the peer.
    pub(super) fn peer_state(&self) -> PeerState {
        poll::state_of(&self.drain_at_once(), &self.stream)
    }

    /// Starts to watch whether the peer reads what was written, when nothing was written for a while:
    /// it takes a thread, and the peer usually has read it.
    fn watch_delivery_if_idle(&mut self, cx: &mut Context<'_>) {
        while self.has_written || self.idle_timer.is_some() {
            let timer = self.idle_timer.get_or_insert_with(|| {
                self.has_written = false;
                Box::pin(sleep(INTERVAL))
            });
            if timer.as_mut().poll(cx).is_pending() {
                return;
            }
            self.idle_timer = None;
            if !self.has_written {
                // It fails if there is unread data, or the peer has closed.
                let _ = self.drain_at_once();
            }
        }
    }

    /// Drains the pipe without waiting: starts to watch the peer if it has unread data.
    fn drain_at_once(&self) -> io::Result<()> {
        let drained = pin!(self.stream.drain(Duration::ZERO));
        match drained.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(drained) => drained,
            // With this limit it does not wait.
            Poll::Pending => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
