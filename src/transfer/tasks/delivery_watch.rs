//! Waits until it is decided whether a peer has read everything.

use super::direction::TaskDirection;
use crate::{
    system::Socket,
    transfer::{Delivery, DeliveryRule, DirectionEnd, EarlyEnd, TransferOptions},
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
    delivery: Delivery,
    /// Whether to wait for the decision.
    waits: bool,
    rule: DeliveryRule,
    timer: Option<Pin<Box<Sleep>>>,
}

impl DeliveryWatch {
    /// Creates the watch; `from` is the direction that read from the socket, `to` the other one.
    pub(super) fn new(
        socket: Socket,
        from: &TaskDirection,
        to: &TaskDirection,
        options: &TransferOptions,
        early_end: Option<EarlyEnd>,
    ) -> Self {
        let (mut socket, mut delivery) = (Some(socket), Delivery::Read);
        let was_reset = matches!(
            from.end(),
            Some(DirectionEnd::InputFailed(error)) if error.kind() == ErrorKind::ConnectionReset
        );
        if to.delivered() == 0 {
            socket = None;
        } else if was_reset {
            (socket, delivery) = (None, Delivery::Closed);
        }
        // If reading had ended before, lsock itself may have shut the socket down.
        let was_shut_down = matches!(from.end(), Some(DirectionEnd::OutputFailed(_)));
        let waits = early_end.is_none() && !was_shut_down;
        let has_sent_eof = matches!(from.end(), Some(DirectionEnd::Eof));
        let rule = DeliveryRule::new(options, has_sent_eof, early_end);
        Self { socket, delivery, waits, rule, timer: None }
    }

    /// Is ready when the delivery is decided, and closes the socket then.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(socket) = &self.socket {
            // The socket of such a peer is always ready, so there is no event to wait for.
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(cx));
            }
            match self.rule.decide(socket.peer_state(), Instant::now()) {
                Ok(delivery) => {
                    self.delivery = delivery;
                    self.socket = None;
                }
                Err(_) if !self.waits => self.socket = None,
                Err(pause) => self.timer = Some(Box::pin(sleep(pause))),
            }
        }
        Poll::Ready(())
    }

    /// Returns the delivery. If it is undecided, the connection had to end.
    pub(super) fn delivery(&self) -> Delivery {
        if self.socket.is_some() { self.rule.undecided() } else { self.delivery }
    }
}
