//! Waits until it is decided whether a peer has read everything.

use super::direction::TaskDirection;
use crate::{
    system::Socket,
    transfer::{Delivery, DeliveryRule, DirectionEnd, EarlyEnd, TransferOptions},
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::time::{Sleep, sleep};

/// A peer of a finished connection that may not have read everything yet.
pub(super) struct DeliveryWatch {
    /// `None` once the delivery is decided.
    socket: Option<Socket>,
    /// Number of bytes that were lost when the socket was closed.
    in_flight: u64,
    delivery: Delivery,
    /// Whether to wait for the decision.
    waits: bool,
    /// Whether the close tells the peer nothing, so that it can wait for other work.
    closes_soon: bool,
    rule: DeliveryRule,
    /// Whether the peer takes no more bytes, as a failed write has shown.
    refuses: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl DeliveryWatch {
    /// Creates the watch; `from` is the direction that read from the socket, `to` the other one.
    /// `elapsed` is the time that the transfer has taken.
    pub(super) fn new(
        mut socket: Socket,
        from: &TaskDirection,
        to: &TaskDirection,
        options: &TransferOptions,
        early_end: Option<EarlyEnd>,
        elapsed: Duration,
    ) -> Self {
        let in_flight = socket.in_flight();
        let decided = if to.delivered() == 0 {
            Some(Delivery::Read)
        } else {
            from.was_reset().then_some(Delivery::Closed)
        };
        // If reading had ended before, lsock itself may have shut the socket down.
        let was_shut_down = matches!(from.end(), Some(DirectionEnd::OutputFailed(_)));
        let waits = early_end.is_none() && !was_shut_down;
        let has_sent_eof = matches!(from.end(), Some(DirectionEnd::Eof));
        let rule = DeliveryRule::new(options, has_sent_eof, early_end, elapsed);
        // A command is signalled once its connection has ended early or its client is gone: by then writing
        // is an error for it.
        let closes_soon = to.receiver_knows_end() && early_end.is_none() && !options.hangs_up;
        let mut watch = Self {
            socket: Some(socket),
            in_flight,
            delivery: decided.unwrap_or_default(),
            waits,
            closes_soon,
            rule,
            refuses: false,
            timer: None,
        };
        if decided.is_some() {
            watch.close();
        }
        watch
    }

    fn close(&mut self) {
        match self.socket.take() {
            Some(socket) if self.closes_soon => socket.close_soon(),
            socket => drop(socket),
        }
    }

    /// Does not wait, if so.
    pub(super) fn at_once(self, is_given: bool) -> Self {
        Self { waits: self.waits && !is_given, ..self }
    }

    /// Decides as well for a peer to which writing has failed: `to` is the direction to it. Otherwise
    /// the failure is reported instead.
    pub(super) fn after_failure(self, to: &TaskDirection) -> Self {
        if self.socket.is_some() && (to.has_found_reset() || to.may_have_missed_reset()) {
            return Self { socket: None, delivery: Delivery::Closed, ..self };
        }
        Self { refuses: matches!(to.end(), Some(DirectionEnd::OutputFailed(_))), ..self }
    }

    /// Is ready when the delivery is decided, and closes the socket then.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(socket) = &mut self.socket {
            // The socket of such a peer is always ready, so there is no event to wait for.
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(cx));
            }
            match self.rule.decide(socket.peer_state(self.refuses), Instant::now()) {
                Ok(delivery) => self.delivery = delivery,
                Err(pause) if self.waits => {
                    self.timer = Some(Box::pin(sleep(pause)));
                    continue;
                }
                Err(_) => {}
            }
            self.in_flight = socket.in_flight();
            self.close();
        }
        Poll::Ready(())
    }

    /// Returns the delivery. If it is undecided, the connection had to end.
    pub(super) fn delivery(&self) -> Delivery {
        if self.socket.is_some() { self.rule.undecided() } else { self.delivery }
    }

    /// Returns the number of bytes that this process has accepted for the peer and that are lost when
    /// the socket is closed.
    pub(super) fn in_flight(&mut self) -> u64 {
        self.socket.as_mut().map_or(self.in_flight, Socket::in_flight)
    }
}
