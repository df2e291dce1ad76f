//! Waits until it is decided whether a peer has read everything.

use super::direction::{RelayDirection, RelayEnd};
use crate::{
    system::Socket,
    transfer::{Delivery, DeliveryRule, EarlyEnd},
};
use std::{
    io::ErrorKind,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};
use tokio::time::{Sleep, sleep};

/// A peer of a finished connection that may not have read everything yet.
pub(super) struct DeliveryWatch {
    /// `None` once the delivery is decided.
    socket: Option<Socket>,
    fate: Delivery,
    /// Whether to wait for the decision.
    waits: bool,
    watch: DeliveryRule,
    timer: Option<Pin<Box<Sleep>>>,
}

impl DeliveryWatch {
    /// Creates the watch; `from` is the direction that read from the socket, `to` the other one.
    pub(super) fn new(
        socket: Socket,
        from: &RelayDirection,
        to: &RelayDirection,
        limit: Option<EarlyEnd>,
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
        // If reading had ended before, lsock itself may have shut the socket down.
        let was_shut_down = matches!(from.ending(), Some(RelayEnd::OutputFailed { .. }));
        let waits = limit.is_none() && !was_shut_down;
        Self { socket, fate, waits, watch: DeliveryRule::new(), timer: None }
    }

    /// Is ready when the delivery is decided, and closes the socket then.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(socket) = &self.socket {
            // The socket of such a peer is always ready, so there is no event to wait for.
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

    /// Returns the delivery. If it is undecided, the connection had to end, and unread bytes count
    /// as unread.
    pub(super) fn fate(&self) -> Delivery {
        if self.socket.is_some() { Delivery::Unread } else { self.fate }
    }
}
