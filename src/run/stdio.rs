//! Joins connections to standard input and output.

use super::observing::ObservedConnections;
use crate::{
    cli,
    diag::{Failure, Terminal},
    system::{Input, Output},
    transfer::{
        Meter, Party, Progress, TransferOptions, TransferReport,
        threads::{RelayEnd, StdioJob, transfer},
    },
};
use local_socket::Stream;
use std::{io, sync::Arc};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

/// How connections are joined to standard input and output.
#[derive(Debug)]
pub(super) struct Stdio {
    pub(super) input: Input,
    pub(super) output: Output,
    pub(super) options: TransferOptions,
    pub(super) shows_progress: bool,
    pub(super) terminal: Terminal,
    /// The other end of the connections, for messages.
    pub(super) peer: Party,
    /// The relay at the other end, which logs what moves, if there is one.
    pub(super) relay: Option<Arc<RelayEnd>>,
    pub(super) observed: Option<ObservedConnections>,
}

/// Returns whether progress is shown.
pub(super) fn shows_progress(args: &cli::Transfer, terminal: Terminal) -> bool {
    match args.progress {
        Some(cli::ProgressMode::Always) => true,
        Some(cli::ProgressMode::Auto) => terminal.is_terminal(),
        Some(cli::ProgressMode::Never) | None => false,
    }
}

/// Starts a task of tokio that cancels the token when the reader of stdout has closed. Until the task ends or is aborted, it keeps the output open. Returns `None` if the
/// system does not report that the reader has closed.
pub(super) fn watch_reader(
    output: &Output,
    over: &CancellationToken,
) -> Result<Option<AbortHandle>, Failure> {
    if !output.has_reader() {
        return Ok(None);
    }
    let (output, over) = (output.try_clone().map_err(unusable)?, over.clone());
    let watch = tokio::spawn(async move {
        match output.reader_gone().await {
            Ok(()) => over.cancel(),
            Err(error) => tracing::debug!(%error, "the reader of stdout is not watched"),
        }
    });
    Ok(Some(watch.abort_handle()))
}

/// Returns the failure of standard streams that cannot be used.
pub(super) fn unusable(error: io::Error) -> Failure {
    Failure::Io { what: "cannot use standard input or output", error }
}

impl Stdio {
    /// Joins a connection, with a meter that other threads read. If it is the only one, stdout is
    /// closed at the peer's end of file.
    pub(super) fn join(
        self,
        stream: Arc<Stream>,
        number: u64,
        is_only: bool,
        meter: Arc<Meter>,
    ) -> TransferReport {
        let Self { input, output, options, shows_progress, terminal, peer, observed, relay } = self;
        if let Some(observed) = &observed {
            observed.connected(number, &stream);
        }
        let observation = observed.map(|observed| observed.observation().clone());
        let _progress = shows_progress.then(|| {
            let size = input.rest_of_file().filter(|_| options.sends);
            Progress::start(&meter, size, terminal)
        });
        let job = StdioJob {
            stream,
            number,
            is_only,
            input,
            output,
            options,
            meter,
            observation,
            peer,
            relay,
        };
        let is_relayed = job.relay.is_some();
        let report = transfer(job);
        if !is_relayed {
            report.log();
        }
        report
    }

    /// Returns the output whose reader can close while no connection is joined; `None` if nothing
    /// is received for it.
    pub(super) fn watched_output(&self) -> Option<&Output> {
        Some(&self.output).filter(|_| self.options.receives)
    }

    /// Returns a meter for the next connection.
    pub(super) fn meter(&self) -> Arc<Meter> {
        Arc::new(Meter::new(self.options.is_timed()))
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        let (input, output) = (self.input.try_clone()?, self.output.try_clone()?);
        let (options, observed) = (self.options.clone(), self.observed.clone());
        let relay = self.relay.clone();
        Ok(Self { input, output, options, observed, relay, ..*self })
    }
}
