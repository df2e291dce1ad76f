//! A client of a hub: what it sends goes to stdout in whole lines, and it gets the broadcast.

use super::{lines::LineSink, queue::Subscription};
use crate::{
    diag::Failure,
    system::{Descriptors, Socket},
    transfer::{
        ClosedConnection, DirectionEnd, EarlyEnd, Eof, LoggedConnection, Observation, Parties,
        Party, Passing,
        tasks::{CopyPlan, TaskDirection, TaskSink},
    },
};
use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

/// A connected client.
#[derive(Debug)]
pub(super) struct HubClient {
    number: u64,
    socket: Socket,
    /// The merged lines, and the direction to them.
    lines: Option<LineSink>,
    receiving: TaskDirection,
    /// The broadcast, and the direction from it.
    broadcast: Option<Subscription>,
    sending: TaskDirection,
    /// Time without progress after the end of stdin until the client is cut off.
    stall_limit: Option<Duration>,
    stall: Option<Pin<Box<Sleep>>>,
}

/// The end of a client.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum ClientEnd {
    /// Both directions have ended.
    Complete,
    /// The client did not read, and its queue was full.
    QueueFull,
    /// The client has taken nothing for this time after the end of stdin.
    Stalled(Duration),
    /// The client was connected for this time, that of `--max-time`.
    MaxTime(Duration),
    /// The hub has ended the connection.
    Closed,
}

/// How bytes move from and to clients. A client that does not read holds one buffer.
const fn copy(buffer: usize) -> CopyPlan {
    CopyPlan {
        splices: false,
        splices_only: false,
        buffer,
        piece: 0,
        eof: Eof::Half,
        rests: false,
        keeps: false,
    }
}

const RECEIVE: CopyPlan = copy(16 << 10);

const SEND: CopyPlan = copy(64 << 10);

impl HubClient {
    pub(super) fn new(
        number: u64,
        socket: Socket,
        lines: Option<LineSink>,
        broadcast: Option<Subscription>,
        stall_limit: Option<Duration>,
        observation: Option<&Observation>,
    ) -> Self {
        let direction =
            |observed, is_used| TaskDirection::new(observed, is_used, Descriptors::new(false));
        // The client is the first end.
        let parties = Parties { first: Party::Client, second: Party::ReportedStdio };
        let logged = LoggedConnection { number: Some(number), parties };
        let [to_server, to_client] = Observation::directions(observation, number, Some(logged));
        Self {
            number,
            socket,
            receiving: direction(to_server, lines.is_some()),
            lines,
            sending: direction(to_client, broadcast.is_some()),
            broadcast,
            stall_limit,
            stall: None,
        }
    }

    /// Moves what can be moved. Is ready when both directions have ended, or the client must be cut
    /// off.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ClientEnd> {
        self.receive(cx);
        if let Some(end) = self.send(cx) {
            return Poll::Ready(end);
        }
        if self.receiving.has_ended() && self.sending.has_ended() {
            Poll::Ready(ClientEnd::Complete)
        } else {
            Poll::Pending
        }
    }

    fn receive(&mut self, cx: &mut Context<'_>) {
        let Some(lines) = self.lines.as_mut().filter(|_| !self.receiving.has_ended()) else {
            return;
        };
        let _ = self.receiving.poll(cx, &mut self.socket, lines, &RECEIVE);
        if self.receiving.has_lost_descriptors() {
            Passing::NotHere.warn(Some(self.number));
        }
        if let Some(DirectionEnd::InputFailed(error)) = self.receiving.end() {
            tracing::warn!(conn = self.number, %error, "connection {}: cannot read from it", self.number);
        }
    }

    /// Sends the broadcast. Returns the reason if the client must be cut off.
    fn send(&mut self, cx: &mut Context<'_>) -> Option<ClientEnd> {
        let broadcast = self.broadcast.as_mut().filter(|_| !self.sending.has_ended())?;
        let before = self.sending.delivered();
        let _ = self.sending.poll(cx, broadcast, &mut self.socket, &SEND);
        // Registered last: a waker that was registered before may have been used.
        broadcast.register(cx.waker());
        if broadcast.is_cut_off() {
            return Some(ClientEnd::QueueFull);
        }
        if self.sending.waits_for_input() && self.socket.poll_gone(cx).is_ready() {
            self.sending.receiver_is_gone(&SEND);
        }
        if let Some(end) = self.sending.end() {
            // The queue keeps nothing for this client any more.
            self.broadcast = None;
            if matches!(end, DirectionEnd::OutputFailed(_)) {
                tracing::info!(conn = self.number, "connection {}: gone", self.number);
            }
            return None;
        }
        if !self.sending.waits_for_output() || before != self.sending.delivered() {
            self.stall = None;
        }
        let limit = self
            .stall_limit
            .filter(|_| self.sending.waits_for_output() && broadcast.input_has_ended())?;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(limit)));
        stall.as_mut().poll(cx).is_ready().then_some(ClientEnd::Stalled(limit))
    }

    /// Sends the end of file to a client that gets no broadcast.
    pub(super) async fn send_eof(&mut self) {
        // It fails if the client has closed, which needs no end of file.
        let _ = poll_fn(|cx| TaskSink::poll_shutdown(&mut self.socket, cx)).await;
    }

    /// Ends the connection. What the client has sent is still written if there is room, and counted
    /// as lost otherwise. Returns what was delivered.
    pub(super) fn finish(mut self, end: ClientEnd) -> ClosedConnection {
        let closed = ClosedConnection {
            to_server: self.receiving.delivered(),
            to_client: self.sending.delivered(),
            early_end: match end {
                ClientEnd::MaxTime(limit) => Some(EarlyEnd::MaxTime(limit)),
                _ => None,
            },
        };
        if let Some(lines) = self.lines.as_mut().filter(|_| end != ClientEnd::Complete) {
            lines.give_up(self.receiving.held());
        }
        let unsent = self.broadcast.as_ref().map_or(0, Subscription::unsent);
        let unsent = unsent + self.sending.held() + self.socket.in_flight();
        let why = match end {
            ClientEnd::Complete => return closed,
            ClientEnd::Closed if unsent == 0 => return closed,
            ClientEnd::Closed => "closed".to_owned(),
            ClientEnd::MaxTime(limit) => Failure::MaxTime(limit).to_string(),
            ClientEnd::QueueFull => "cut off: it does not read, and its queue is full".to_owned(),
            ClientEnd::Stalled(limit) => {
                let limit = humantime::format_duration(limit);
                format!("cut off: it has taken nothing for {limit} after the end of stdin")
            }
        };
        let separator = if end == ClientEnd::Closed { ": " } else { "; " };
        if matches!(end, ClientEnd::MaxTime(_)) && unsent == 0 {
            tracing::warn!(conn = self.number, "connection {}: {why}", self.number);
        } else {
            let unsent = super::bytes_were(unsent);
            tracing::warn!(
                conn = self.number,
                "connection {}: {why}{separator}{unsent} not sent",
                self.number
            );
        }
        closed
    }
}
