//! The standard streams as the client or the target.

use super::{
    super::{
        at_terminal::SessionEnd,
        shared_stdio::{RelayedStdio, SharedStdio, StdioThread},
        stdio::unusable,
    },
    Bridge, BridgeTarget,
};
use crate::{
    diag::{Failure, Outcome, Terminal},
    endpoint::TOLD_AFTER,
    serve::Client,
    system::RawTerminal,
    transfer::Party,
};
use std::{
    pin::Pin,
    sync::{Arc, PoisonError},
};

/// The standard streams as the only client.
#[derive(Debug)]
pub(in crate::run) struct StdioClient {
    pub(in crate::run) thread: StdioThread,
    pub(in crate::run) raw: Option<RawTerminal>,
    pub(in crate::run) terminal: Terminal,
}

impl Bridge {
    /// Joins the standard streams to the target, and waits until their thread has written everything.
    pub(super) async fn join_stdio_client(&self, client: Client) -> Result<Outcome, Failure> {
        let closing = client.closing.clone();
        let outcome = self.join(client).await;
        let stdio = self.stdio_client.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(stdio) = stdio else { return outcome };
        // Without a transfer nothing was read or delivered.
        let mut relayed = self.relayed_stdio.get().cloned().unwrap_or_default();
        let was_left = self.has_left();
        if was_left {
            // What a person who has left does not see is no loss.
            relayed.read = 0;
        }
        let earlier_loss = relayed.earlier_loss(self.target.party());
        let (was_connected, peer) = (relayed.was_connected, self.target.party());
        let stdio = stdio.result(relayed, &closing).await;
        let is_by_peer = stdio.is_by_peer;
        if was_connected {
            stdio.warn_of_rest(&outcome, peer);
        }
        let outcome = stdio.merge(outcome);
        let outcome = match (outcome, earlier_loss) {
            (Ok(_) | Err(Failure::Idle(_) | Failure::MaxTime(_)), Some(loss)) => Err(loss),
            (outcome, _) => outcome,
        };
        // For a command, this message was written before the command ended.
        let is_reported = was_left && matches!(self.target, BridgeTarget::Commands(_));
        if let Some(terminal) = self.person.filter(|_| !is_reported) {
            let has_failed = outcome.is_err();
            SessionEnd { peer, is_by_peer, was_left, has_failed }.report(terminal);
        }
        outcome
    }

    /// Joins a client to the standard streams. An event loop cannot wait for them, so a thread
    /// moves bytes between them and a socket pair.
    pub(super) async fn join_to_stdio(
        &self,
        shared: &Arc<SharedStdio>,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let ends = self.ends(&client).await;
        let Client { socket, number, closing, .. } = client;
        let (target, thread) = shared.join(number)?;
        let target = target.attach().map_err(unusable)?;
        self.connected(number, ends);
        let report = self.transfer(socket, target, number, &closing).await;
        let relayed = RelayedStdio {
            read: report.read_for_second(),
            delivered: report.delivered().1,
            early_end: report.early_end(),
            excuses_unread: report.excuses_unread_of_first(),
            ..RelayedStdio::default()
        };
        let stdio = thread.result(relayed, &closing).await;
        if stdio.output_is_gone {
            self.over.cancel();
        }
        let is_by_peer = stdio.is_by_peer;
        let failure = stdio.merge_target(report);
        if shared.is_once() {
            let (peer, has_failed) = (Party::Client, failure.is_some());
            let end = SessionEnd { peer, is_by_peer, was_left: false, has_failed };
            end.report(shared.terminal());
        }
        failure.map_or(Ok(Outcome::Done), Err)
    }

    /// Has the thread of the standard streams end as soon as its socket is closed. For a signal that
    /// arrives while nothing is connected.
    pub(super) fn set_unconnected(&self) {
        let stdio = self.stdio_client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stdio) = &*stdio {
            stdio.set_unconnected();
        }
    }

    /// Returns whether the person at the terminal has left.
    pub(super) fn has_left(&self) -> bool {
        self.raw.as_ref().is_some_and(RawTerminal::was_left)
    }

    /// Says that the person has left, before the command has ended.
    pub(super) fn report_left(&self) {
        if let Some(terminal) = self.person {
            let peer = self.target.party();
            SessionEnd { peer, is_by_peer: false, was_left: true, has_failed: false }
                .report(terminal);
        }
    }

    /// Waits for the result. If it takes longer than [`TOLD_AFTER`], a person at a terminal is told
    /// what is waited for.
    pub(super) fn announced<'a, T: Send + 'a>(
        &self,
        mut result: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
        what: impl FnOnce() -> String + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
        let Some(person) = self.person.filter(Terminal::is_terminal) else { return result };
        Box::pin(async move {
            tokio::select! {
                biased;
                result = &mut result => return result,
                () = tokio::time::sleep(TOLD_AFTER) => {}
            }
            person.announce(&format!("waiting: {}", what()));
            result.await
        })
    }
}
