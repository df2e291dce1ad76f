//! The observers that the options of a command ask for.

use super::{
    distinct_files::{self, WrittenFile},
    recording::Recording,
    trace::{Trace, TraceFormat},
};
use crate::{
    diag::{Failure, Terminal},
    transfer::{CopyMode, ObservedEvent, Observer, TransferOptions},
};
use std::{
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

/// The option for the file of a trace.
pub(super) const TRACE_FILE: &str = "--trace-file";
/// The option for the file of a recording.
pub(super) const RECORD: &str = "--record";

/// What observes the connections of a command, as given.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObservingOptions {
    pub(crate) trace: Option<TraceOptions>,
    pub(crate) recording: Option<RecordingOptions>,
}

/// The options of a trace.
#[derive(Clone, Debug)]
pub(crate) struct TraceOptions {
    pub(crate) format: TraceFormat,
    /// The file to write to, instead of stderr.
    pub(crate) file: Option<PathBuf>,
}

/// The options of a recording.
#[derive(Clone, Debug)]
pub(crate) struct RecordingOptions {
    pub(crate) file: PathBuf,
    /// The port of the server in the recording.
    pub(crate) port: Option<u16>,
}

/// The observers of a command. All of them see the same events at the same times and in the same
/// order.
#[derive(Debug)]
pub(crate) struct Observers {
    open: Mutex<OpenObservers>,
}

#[derive(Debug)]
struct OpenObservers {
    trace: Option<Trace>,
    recording: Option<Recording>,
}

impl ObservingOptions {
    /// Returns whether connections are observed.
    pub(crate) fn are_used(&self) -> bool {
        self.trace.is_some() || self.recording.is_some()
    }

    /// Rejects options that cannot be combined. `ready_file` is the file of `--ready-file`.
    ///
    /// # Errors
    /// `Usage`.
    pub(crate) fn check(
        &self,
        options: &TransferOptions,
        ready_file: Option<&Path>,
    ) -> Result<(), Failure> {
        if self.are_used() && options.copy == CopyMode::Splice {
            return Err(Failure::Usage(
                "--copy splice moves bytes past lsock, which cannot trace or record them".into(),
            ));
        }
        let trace_file = self.trace.as_ref().and_then(|trace| trace.file.as_deref());
        let recording = self.recording.as_ref().map(|recording| &*recording.file);
        let files: [(&str, Option<&Path>); 3] =
            [(TRACE_FILE, trace_file), (RECORD, recording), ("--ready-file", ready_file)];
        let files = files.into_iter().filter_map(|(option, path)| Some((option, path?)));
        distinct_files::check(&files.collect::<Vec<WrittenFile<'_>>>())
    }

    /// Opens the observers before anything else is opened. Returns `None` if there are none.
    ///
    /// # Errors
    /// `Advised`, with the status of wrong usage, for a file that cannot be written.
    pub(crate) fn open(&self, terminal: Terminal) -> Result<Option<Arc<Observers>>, Failure> {
        if !self.are_used() {
            return Ok(None);
        }
        let trace =
            self.trace.as_ref().map(|options| Trace::open(options, terminal)).transpose()?;
        let recording = self.recording.as_ref().map(Recording::open).transpose()?;
        // The target of a symbolic link did not exist before, or a path was replaced meanwhile.
        let trace_file = trace.as_ref().and_then(Trace::file_identity);
        if trace_file.is_some()
            && trace_file == recording.as_ref().and_then(Recording::file_identity)
        {
            return Err(distinct_files::shared(TRACE_FILE, RECORD));
        }
        let open = Mutex::new(OpenObservers { trace, recording });
        Ok(Some(Arc::new(Observers { open })))
    }
}

/// For `--explain`.
impl Display for ObservingOptions {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(TraceOptions { format, file }) = &self.trace {
            match file {
                Some(file) => writeln!(f, "trace        {format}, to {}", file.display())?,
                None => writeln!(f, "trace        {format}, to stderr")?,
            }
        }
        if let Some(RecordingOptions { file, port }) = &self.recording {
            write!(f, "record       to {}", file.display())?;
            match port {
                Some(port) => writeln!(f, ", with port {port} for the server")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl Observers {
    /// Removes what the files contain from earlier runs. Called when the command can no longer fail
    /// because its name is in use; otherwise the first event does it.
    pub(crate) fn begin(&self) {
        let mut open = self.open();
        if let Some(trace) = &mut open.trace {
            trace.begin();
        }
        if let Some(recording) = &mut open.recording {
            recording.begin();
        }
    }

    fn open(&self) -> MutexGuard<'_, OpenObservers> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Observers {
    fn see(&self, connection: u64, event: &ObservedEvent<'_>) {
        let mut open = self.open();
        // Taken under the lock, so that times have the order of events.
        let time = SystemTime::now();
        if let Some(trace) = &mut open.trace {
            trace.see(time, connection, event);
        }
        if let Some(recording) = &mut open.recording {
            recording.see(time, connection, event);
        }
    }
}
