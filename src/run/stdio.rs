//! Joins connections to standard input and output.

use crate::{
    cli,
    diag::Terminal,
    system::{Input, Output},
    transfer::{
        Meter, Progress, TransferOptions, TransferReport,
        threads::{Job, transfer},
    },
};
use local_socket::Stream;
use std::sync::Arc;

/// How connections are joined to standard input and output.
#[derive(Debug)]
pub(super) struct Stdio {
    pub(super) input: Input,
    pub(super) output: Output,
    pub(super) options: TransferOptions,
    pub(super) shows_progress: bool,
    pub(super) terminal: Terminal,
}

/// Returns whether progress is shown.
pub(super) fn shows_progress(args: &cli::Transfer, terminal: Terminal) -> bool {
    match args.progress {
        Some(cli::ProgressMode::Always) => true,
        Some(cli::ProgressMode::Auto) => terminal.is_terminal(),
        Some(cli::ProgressMode::Never) | None => false,
    }
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
        let Self { input, output, options, shows_progress, terminal } = self;
        let _progress = shows_progress.then(|| {
            let size = input.rest_of_file().filter(|_| options.sends);
            Progress::start(&meter, size, terminal)
        });
        let job = Job { stream, number, is_only, input, output, options, meter, observer: None };
        let report = transfer(job);
        tracing::info!("{report}");
        report
    }

    /// Returns a meter for the next connection.
    pub(super) fn meter(&self) -> Arc<Meter> {
        Arc::new(Meter::new(self.options.is_timed()))
    }

    pub(super) fn try_clone(&self) -> std::io::Result<Self> {
        let (input, output) = (self.input.try_clone()?, self.output.try_clone()?);
        Ok(Self { input, output, options: self.options.clone(), ..*self })
    }
}
