//! The first end of connections to one server after another.

use super::{buffers::Buffer, clock::Clock, held_bytes::HeldBytes, transfer::TransferPlan};
use crate::{
    system::{Descriptors, Socket},
    transfer::{EarlyEnd, TransferOptions},
};
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// An end that is joined to the next server when one has ended, with the bytes that were read from
/// it and that no server has taken.
#[derive(Debug)]
pub(crate) struct FirstEnd {
    /// `None` while a connection uses it, and after the last one.
    pub(super) socket: Option<Socket>,
    pub(super) held: HeldBytes,
    pub(super) input_has_ended: bool,
    /// Whether a server was connected. The first one is connected even if the input is empty, as
    /// without another one to follow: a wrong name is an error.
    pub(super) was_connected: bool,
    /// The time limits of all connections together; `None` before the first one, or without limits.
    pub(super) clock: Option<Box<Clock>>,
    /// Cancelled at a termination signal.
    pub(super) ending: CancellationToken,
}

/// The reason why no further server is needed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoServer {
    /// The end has closed, and everything that was read from it was delivered.
    Done,
    /// A time limit was reached, or a signal has arrived and nothing is held.
    Early(EarlyEnd),
}

impl FirstEnd {
    pub(crate) fn new(socket: Socket, ending: CancellationToken) -> Self {
        Self {
            socket: Some(socket),
            held: HeldBytes::Nothing,
            input_has_ended: false,
            was_connected: false,
            clock: None,
            ending,
        }
    }

    /// Returns whether it is left by the last connection, to be joined to another server.
    pub(crate) fn is_left(&self) -> bool {
        self.socket.is_some()
    }

    /// Returns the number of bytes that no server has taken.
    pub(crate) fn held(&self) -> u64 {
        self.held.amount()
    }

    /// Waits, while there is no server, until none is needed any more. Reads ahead, to find the end
    /// of the input.
    pub(crate) async fn needs_no_server(&mut self, plan: &TransferPlan) -> NoServer {
        let ending = self.ending.clone();
        let over = poll_fn(|cx| {
            if let Poll::Ready(limit) = self.poll_limits(cx) {
                return Poll::Ready(NoServer::Early(limit));
            }
            self.poll_done(cx, plan).map(|()| NoServer::Done)
        });
        tokio::select! {
            biased;
            over = over => return over,
            () = ending.cancelled() => {}
        }
        // The input that has not ended is not waited for after a signal.
        poll_fn(|cx| {
            if let Poll::Ready(limit) = self.poll_limits(cx) {
                return Poll::Ready(NoServer::Early(limit));
            }
            let _ = self.poll_done(cx, plan);
            if self.held() == 0 {
                Poll::Ready(NoServer::Early(EarlyEnd::Unconnected))
            } else {
                Poll::Pending
            }
        })
        .await
    }

    fn poll_limits(&mut self, cx: &mut Context<'_>) -> Poll<EarlyEnd> {
        self.clock.as_mut().map_or(Poll::Pending, |clock| clock.poll(cx, None))
    }

    /// Is ready when the end has closed and nothing is held.
    fn poll_done(&mut self, cx: &mut Context<'_>, plan: &TransferPlan) -> Poll<()> {
        let Some(socket) = &mut self.socket else { return Poll::Ready(()) };
        if !plan.sends() {
            return socket.poll_gone(cx);
        }
        if self.held.amount() > 0 || !self.was_connected {
            return Poll::Pending;
        }
        if !self.input_has_ended {
            match ready!(poll_read(socket, cx, plan.buffer_size())) {
                Ok(Some(held)) => {
                    self.held = held;
                    return Poll::Pending;
                }
                // An error means that the other end of the socket pair is gone.
                Ok(None) | Err(_) => self.input_has_ended = true,
            }
        }
        Poll::Ready(())
    }
}

/// Reads what has arrived; `None` is the end of file.
fn poll_read(
    socket: &mut Socket,
    cx: &mut Context<'_>,
    size: usize,
) -> Poll<io::Result<Option<HeldBytes>>> {
    let mut buffer = Buffer::take(size)?;
    let read = ready!(socket.poll_read(cx, &mut buffer, &mut Descriptors::new(false)))?;
    if read == 0 {
        return Poll::Ready(Ok(None));
    }
    let mut held = HeldBytes::of(buffer, read);
    held.shrink();
    Poll::Ready(Ok(Some(held)))
}

/// The termination signal that ends a transfer of one direction as soon as it waits for its input:
/// nothing is lost then. With both directions an answer may follow.
#[derive(Debug)]
pub(super) struct SignalWatch {
    token: CancellationToken,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    ends_when_idle: bool,
}

impl SignalWatch {
    pub(super) fn new(token: CancellationToken, options: &TransferOptions) -> Self {
        let cancelled = Box::pin(token.clone().cancelled_owned());
        Self { token, cancelled, ends_when_idle: !(options.sends && options.receives) }
    }

    /// Is ready when the transfer is to end, and stays ready.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_cancelled = self.token.is_cancelled() || self.cancelled.as_mut().poll(cx).is_ready();
        if is_cancelled && self.ends_when_idle { Poll::Ready(()) } else { Poll::Pending }
    }
}
