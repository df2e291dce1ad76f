//! Standard input and output as the client or the target of a relay.

use super::stdio::{Stdio, unusable, watch_reader};
use crate::{
    diag::{Failure, Outcome, Receiver, caught},
    system::Detached,
    transfer::{self, Meter, TransferReport},
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
    /// The task that waits until the reader of the output has closed.
    watch: OnceLock<AbortHandle>,
}

/// The thread that moves bytes between standard input and output and a socket.
#[derive(Debug)]
pub(super) struct StdioThread {
    /// Receives the report of the transfer.
    report: oneshot::Receiver<Result<TransferReport, Failure>>,
    meter: Arc<Meter>,
}

impl SharedStdio {
    pub(super) fn new(stdio: Stdio, once: bool) -> Arc<Self> {
        Arc::new(Self { stdio: Mutex::new(Some(stdio)), once, watch: OnceLock::new() })
    }

    /// Starts a thread that joins standard input and output to one end of a socket pair. Returns
    /// the other end.
    pub(super) fn join(self: &Arc<Self>, number: u64) -> Result<(Detached, StdioThread), Failure> {
        let (theirs, ours) = local_socket::Stream::pair().map_err(unusable)?;
        let (sender, report) = oneshot::channel();
        let (stdio, is_last) = (self.next().map_err(unusable)?, self.once);
        let meter = stdio.meter();
        let moved = Arc::clone(&meter);
        let join = move || {
            let report = caught(|| stdio.join(Arc::new(theirs), number, is_last, moved));
            // Nobody receives it if the process is about to end.
            let _ = sender.send(report);
        };
        thread::Builder::new().name("stdio".to_owned()).spawn(join).map_err(unusable)?;
        Ok((ours.into(), StdioThread { report, meter }))
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
    /// Waits for the end of the thread. `read` is the number of bytes that were read for
    /// the output.
    pub(super) async fn result(self, read: u64, closing: &CancellationToken) -> StdioResult {
        let Self { report, meter } = self;
        // At the end of the grace time the thread may be blocked in a write.
        let report = tokio::select! {
            biased;
            report = report => report.ok(),
            () = closing.cancelled() => None,
        };
        // The thread does not know of bytes that the relay has read and still holds.
        let held = || unwritten(read, meter.received.delivered());
        match report {
            Some(Ok(report)) => {
                let (output_is_gone, was_unused) =
                    (report.first_is_gone(), report.was_closed_unused());
                let failure = report.failure();
                let failure = if output_is_gone { failure } else { failure.or_else(held) };
                StdioResult { failure, output_is_gone, was_unused }
            }
            Some(Err(failure)) => StdioResult { failure: Some(failure), ..StdioResult::default() },
            None => StdioResult { failure: held(), ..StdioResult::default() },
        }
    }
}

/// The result of the thread of the standard streams.
#[derive(Debug, Default)]
pub(super) struct StdioResult {
    pub(super) failure: Option<Failure>,
    /// Whether the output can no longer be written.
    pub(super) output_is_gone: bool,
    /// Whether no byte was moved, and the input had not ended.
    was_unused: bool,
}

impl StdioResult {
    /// Merges the outcome of a relayed connection with the failure of the standard streams, which
    /// are its client: errors other than losses take precedence, then losses of the standard
    /// streams.
    pub(super) fn merge(self, outcome: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        let Self { failure, output_is_gone, was_unused } = self;
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

/// Returns the loss of bytes for the output that its thread has not written.
fn unwritten(read: u64, delivered: u64) -> Option<Failure> {
    let bytes = Some(read.saturating_sub(delivered)).filter(|lost| *lost > 0)?;
    Some(transfer::undelivered(Receiver::Output, transfer::ended_error(), Some(bytes), delivered))
}
