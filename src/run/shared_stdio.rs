//! Standard input and output as the client or the target of a relay.

use super::stdio::{Stdio, unusable, watch_reader};
use crate::{
    diag::{Failure, Outcome, Receiver, Terminal, caught, counted},
    system::Detached,
    transfer::{self, EarlyEnd, Meter, Party, TransferReport, threads::RelayEnd},
};
use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
};
use tokio::{sync::oneshot, task::AbortHandle};
use tokio_util::sync::CancellationToken;

/// Standard input and output, which are joined to one client after another.
#[derive(Debug)]
pub(super) struct SharedStdio {
    /// The only client takes it, so that no other descriptor keeps the output open after the
    /// client's end of file.
    stdio: Mutex<Option<Stdio>>,
    /// Whether there is only one client.
    once: bool,
    terminal: Terminal,
    /// The task that waits until the reader of the output has closed.
    watch: OnceLock<AbortHandle>,
}

/// The thread that moves bytes between standard input and output and a socket.
#[derive(Debug)]
pub(super) struct StdioThread {
    /// Receives the report of the transfer.
    report: oneshot::Receiver<Result<TransferReport, Failure>>,
    meter: Arc<Meter>,
    relay: Option<Arc<RelayEnd>>,
}

impl SharedStdio {
    pub(super) fn new(stdio: Stdio, once: bool) -> Arc<Self> {
        let terminal = stdio.terminal;
        let (stdio, watch) = (Mutex::new(Some(stdio)), OnceLock::new());
        Arc::new(Self { stdio, once, terminal, watch })
    }

    /// Returns whether there is only one client.
    pub(super) fn is_once(&self) -> bool {
        self.once
    }

    pub(super) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Starts a thread that joins standard input and output to one end of a socket pair. Returns
    /// the other end.
    pub(super) fn join(self: &Arc<Self>, number: u64) -> Result<(Detached, StdioThread), Failure> {
        let (theirs, ours) = local_socket::Stream::pair().map_err(unusable)?;
        let (sender, report) = oneshot::channel();
        let (stdio, is_last) = (self.next().map_err(unusable)?, self.once);
        let (meter, relay) = (stdio.meter(), stdio.relay.clone());
        let moved = Arc::clone(&meter);
        let join = move || {
            let report = caught(|| stdio.join(Arc::new(theirs), number, is_last, moved));
            // Nobody receives it if the process is about to end.
            let _ = sender.send(report);
        };
        thread::Builder::new().name("stdio".to_owned()).spawn(join).map_err(unusable)?;
        Ok((ours.into(), StdioThread { report, meter, relay }))
    }

    /// Cancels the token when the reader of the output has closed, also while there is no client.
    /// As soon as the only client is there, its thread waits for that.
    pub(super) fn watch_reader(&self, over: &CancellationToken) -> Result<(), Failure> {
        let stdio = self.stdio.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(output) = stdio.as_ref().and_then(Stdio::watched_output)
            && let Some(watch) = watch_reader(output, over)?
        {
            // It is called once.
            let _ = self.watch.set(watch);
        }
        Ok(())
    }

    /// Returns the standard streams for the next client.
    fn next(&self) -> io::Result<Stdio> {
        let mut stdio = self.stdio.lock().unwrap_or_else(PoisonError::into_inner);
        let next = if self.once {
            if let Some(watch) = self.watch.get() {
                watch.abort();
            }
            stdio.take()
        } else {
            stdio.as_ref().map(Stdio::try_clone).transpose()?
        };
        next.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl StdioThread {
    /// Has the thread end at once when its stream is closed: nothing was connected.
    pub(super) fn set_unconnected(&self) {
        if let Some(relay) = &self.relay {
            relay.set_unconnected();
        }
    }

    /// Waits for the end of the thread.
    pub(super) async fn result(
        self,
        relayed: RelayedStdio,
        closing: &CancellationToken,
    ) -> StdioResult {
        let Self { report, meter, .. } = self;
        // At the end of the grace time the thread may be blocked in a write.
        let report = tokio::select! {
            biased;
            report = report => report.ok(),
            () = closing.cancelled() => None,
        };
        // The thread does not know of bytes that the relay has read and still holds.
        let held = || unwritten(relayed.read, meter.received.delivered());
        let input = report
            .as_ref()
            .and_then(|report| report.as_ref().ok())
            .map_or_else(|| Some(meter.sent.total_read()), TransferReport::input_of_first);
        let (mut output_is_gone, mut was_unused, mut is_by_peer) = (false, false, false);
        let failure = match report {
            Some(Ok(report)) => {
                output_is_gone = report.first_is_gone();
                was_unused = report.was_closed_unused();
                is_by_peer = report.was_ended_by_second() && relayed.early_end.is_none();
                let failure =
                    report.failure().and_then(|failure| relayed.failure_of_thread(failure));
                if output_is_gone { failure } else { failure.or_else(held) }
            }
            Some(Err(failure)) => Some(failure),
            None => held(),
        };
        let delivered = relayed.delivered;
        StdioResult { failure, output_is_gone, was_unused, is_by_peer, input, delivered }
    }
}

/// What a relay has done with the bytes of the standard streams.
#[derive(Clone, Debug, Default)]
pub(super) struct RelayedStdio {
    /// Number of bytes that were read for the output.
    pub(super) read: u64,
    /// Number of bytes of the input that were delivered.
    pub(super) delivered: u64,
    /// The reason why the relay has ended the connection early.
    pub(super) early_end: Option<EarlyEnd>,
    /// Whether bytes of the input that were not delivered are no loss: their receiver has closed.
    pub(super) excuses_unread: bool,
    /// Whether another server was to be connected after one had ended.
    pub(super) was_connected: bool,
    /// Number of earlier connections that were closed before everything was read.
    pub(super) losses: u64,
}

impl RelayedStdio {
    /// Returns the failure of the connections before the last one.
    pub(super) fn earlier_loss(&self, server: Party) -> Option<Failure> {
        let connections = Some(self.losses).filter(|losses| *losses > 0)?;
        let verb = if connections == 1 { "was" } else { "were" };
        let connections = counted(connections, "connection");
        let why = format!("{connections} {verb} closed before everything was read");
        let error = io::Error::new(io::ErrorKind::BrokenPipe, why);
        Some(transfer::undelivered(server.receiver(), error, None, self.delivered))
    }

    /// Returns the failure of the thread, unless it is excused. If the relay has ended the connection early, that is the
    /// reason for bytes of the input that were not delivered: for the thread, its peer has closed.
    fn failure_of_thread(&self, failure: Failure) -> Option<Failure> {
        let is_loss = is_loss_of_input(&failure);
        if is_loss && self.excuses_unread {
            return None;
        }
        Some(match (failure, self.early_end) {
            (Failure::Undelivered { receiver, bytes, delivered, .. }, Some(early_end))
                if is_loss =>
            {
                Failure::Undelivered { receiver, error: early_end.error(), bytes, delivered }
            }
            (failure, _) => failure,
        })
    }
}

/// The result of the thread of the standard streams.
#[derive(Debug)]
pub(super) struct StdioResult {
    pub(super) failure: Option<Failure>,
    /// Whether the output can no longer be written.
    pub(super) output_is_gone: bool,
    /// Whether no byte was moved, and the input had not ended.
    was_unused: bool,
    /// Whether the other side of the relay has ended the input.
    pub(super) is_by_peer: bool,
    /// Number of bytes of the input, delivered or not; `None` if it is not known.
    input: Option<u64>,
    /// Number of bytes of the input that the relay has delivered.
    delivered: u64,
}

impl StdioResult {
    /// Warns of the bytes of the input that no server has got, if the outcome is that there was none.
    pub(super) fn warn_of_rest(&self, outcome: &Result<Outcome, Failure>, server: Party) {
        let is_absent = matches!(
            outcome,
            Err(Failure::Connect { .. }
                | Failure::ConnectTimedOut { .. }
                | Failure::ForeignServer { .. })
        );
        let lost = self.input.map(|input| input.saturating_sub(self.delivered));
        if is_absent && lost != Some(0) {
            let error =
                io::Error::new(io::ErrorKind::NotConnected, "no server was connected again");
            let failure = transfer::undelivered(server.receiver(), error, lost, self.delivered);
            tracing::warn!("{failure}");
        }
    }

    /// Returns the failures of the thread and of the relay. Those of bytes of the input count also the
    /// bytes that were on the way between the two. If both are, the relay knows the reason.
    fn failures(self, relay: Option<Failure>) -> (Option<Failure>, Option<Failure>) {
        let Self { failure: thread, input, delivered, .. } = self;
        let lost = input.map(|input| input.saturating_sub(delivered));
        let with_count = |failure| match failure {
            Failure::Undelivered { receiver, error, bytes, .. } if receiver != Receiver::Output => {
                transfer::undelivered(receiver, error, lost.or(bytes), delivered)
            }
            failure => failure,
        };
        let [thread, relay] = [thread, relay].map(|failure| failure.map(with_count));
        let both_are_of_the_input = [&thread, &relay]
            .into_iter()
            .all(|failure| failure.as_ref().is_some_and(is_loss_of_input));
        if both_are_of_the_input { (relay, None) } else { (thread, relay) }
    }

    /// Merges the report of a relayed connection with the failure of the standard streams, which are
    /// its target.
    pub(super) fn merge_target(self, report: TransferReport) -> Option<Failure> {
        let (thread, relay) = self.failures(report.failure());
        thread.or(relay)
    }

    /// Merges the outcome of a relayed connection with the failure of the standard streams, which
    /// are its client: errors other than losses take precedence, then losses of the standard
    /// streams.
    pub(super) fn merge(self, outcome: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        let Self { output_is_gone, was_unused, .. } = self;
        let (outcome, relay) = match outcome {
            Ok(outcome) => (Some(outcome), None),
            Err(failure) => (None, Some(failure)),
        };
        let (failure, relay) = self.failures(relay);
        let outcome = relay.map_or(Ok(outcome.unwrap_or(Outcome::Done)), Err);
        match (outcome, failure) {
            (Ok(_) | Err(Failure::Undelivered { .. } | Failure::Unserved { .. }), Some(stdio)) => {
                Err(stdio)
            }
            // The reader of the output, such as `head`, may stop reading at any time.
            (Err(Failure::Undelivered { .. }), None) if output_is_gone => Ok(Outcome::Done),
            // There was nothing to send.
            (Err(Failure::Unserved { .. }), None) if !was_unused => Ok(Outcome::Done),
            (outcome, _) => outcome,
        }
    }
}

/// Returns whether bytes of the input were lost, which are for the other side of the relay.
fn is_loss_of_input(failure: &Failure) -> bool {
    matches!(failure, Failure::Undelivered { receiver, .. } if *receiver != Receiver::Output)
}

/// Returns the loss of bytes for the output that its thread has not written.
fn unwritten(read: u64, delivered: u64) -> Option<Failure> {
    let bytes = Some(read.saturating_sub(delivered)).filter(|lost| *lost > 0)?;
    Some(transfer::undelivered(Receiver::Output, transfer::ended_error(), Some(bytes), delivered))
}
