//! The end of a connection on one side: whether the peer has read everything.

use super::{
    direction::{RelayDirection, RelayEnd},
    report::RelayLimit,
};
use crate::{
    system::Socket,
    transfer::{Delivery, DeliveryRule},
};
use std::{
    io::ErrorKind,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};
use tokio::time::{Sleep, sleep};

/// A peer whose connection is over, and that may not have read everything yet.
pub(super) struct DeliveryWatch {
    /// `None` once it is decided what became of the bytes.
    socket: Option<Socket>,
    fate: Delivery,
    /// Whether it is worth waiting for the decision.
    waits: bool,
    watch: DeliveryRule,
    timer: Option<Pin<Box<Sleep>>>,
}

impl DeliveryWatch {
    /// `from` is the direction that has read from the socket, `to` is the other one.
    pub(super) fn new(
        socket: Socket,
        from: &RelayDirection,
        to: &RelayDirection,
        limit: Option<RelayLimit>,
    ) -> Self {
        let (mut socket, mut fate) = (Some(socket), Delivery::Read);
        let was_reset = matches!(
            from.ending(),
            Some(RelayEnd::InputFailed(error)) if error.kind() == ErrorKind::ConnectionReset
        );
        if to.bytes == 0 {
            socket = None;
        } else if was_reset {
            (socket, fate) = (None, Delivery::Closed);
        }
        // If nothing was to be read from it any more, lsock itself may have shut it down.
        let was_shut_down = matches!(from.ending(), Some(RelayEnd::OutputFailed { .. }));
        let waits = limit.is_none() && !was_shut_down;
        Self { socket, fate, waits, watch: DeliveryRule::new(), timer: None }
    }

    /// Ready once it is decided; then the socket is closed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(socket) = &self.socket {
            // A peer that has gone makes the socket ready for ever: there is no event.
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(cx));
            }
            match self.watch.decide(socket.peer_state(), Instant::now()) {
                Ok(fate) => {
                    self.fate = fate;
                    self.socket = None;
                }
                Err(_) if !self.waits => self.socket = None,
                Err(pause) => self.timer = Some(Box::pin(sleep(pause))),
            }
        }
        Poll::Ready(())
    }

    /// What became of the bytes. If that is not decided the connection had to end: what is
    /// unread stays so.
    pub(super) fn fate(&self) -> Delivery {
        if self.socket.is_some() { Delivery::Unread } else { self.fate }
    }
}
