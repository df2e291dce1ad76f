//! Traces: what happens to connections, as lines of text or JSON.

mod escape;
mod hex;
mod json;
mod lines;
mod text;

use super::{TraceOptions, observers::TRACE_FILE, private_file::PrivateFile};
use crate::{
    diag::{self, Failure, Terminal},
    system::output::FileIdentity,
    transfer::ObservedEvent,
};
use std::{
    fmt::{self, Display, Formatter},
    time::SystemTime,
};

/// The format of a trace.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum TraceFormat {
    /// Text, with what is not printable escaped.
    Text,
    /// Offset, hexadecimal digits and text side by side.
    Hex,
    /// One JSON object in each line.
    Json,
}

/// A trace that is being written.
#[derive(Debug)]
pub(super) struct Trace {
    format: TraceFormat,
    output: TraceOutput,
    /// Whether colours tell the directions apart.
    colors: bool,
    /// The lines of an event, which are written with one call.
    lines: String,
}

#[derive(Debug)]
enum TraceOutput {
    Stderr,
    File(PrivateFile),
}

impl Trace {
    /// Opens the file of a trace, if it has one.
    ///
    /// # Errors
    /// Those of [`PrivateFile::open`].
    pub(super) fn open(options: &TraceOptions, terminal: Terminal) -> Result<Self, Failure> {
        let (output, colors) = match &options.file {
            Some(file) => (TraceOutput::File(PrivateFile::open(file, TRACE_FILE, "trace")?), false),
            None => (TraceOutput::Stderr, terminal.colors_stderr()),
        };
        Ok(Self { format: options.format, output, colors, lines: String::new() })
    }

    /// Removes what the file contains, once.
    pub(super) fn begin(&mut self) {
        match &mut self.output {
            TraceOutput::Stderr => {}
            TraceOutput::File(file) => file.begin(),
        }
    }

    /// Returns what identifies the file, if the trace has one.
    pub(super) fn file_identity(&self) -> Option<FileIdentity> {
        match &self.output {
            TraceOutput::Stderr => None,
            TraceOutput::File(file) => file.identity(),
        }
    }

    /// Writes an event.
    pub(super) fn see(&mut self, time: SystemTime, connection: u64, event: &ObservedEvent<'_>) {
        let traced = TracedEvent { time: time.max(SystemTime::UNIX_EPOCH), connection, event };
        self.lines.clear();
        self.format.write(&mut self.lines, &traced, self.colors);
        if self.lines.is_empty() {
            return;
        }
        match &mut self.output {
            TraceOutput::Stderr => diag::write_trace(self.lines.as_bytes()),
            TraceOutput::File(file) => file.write(self.lines.as_bytes()),
        }
    }
}

/// An event and its time.
#[derive(Copy, Clone, Debug)]
struct TracedEvent<'a> {
    time: SystemTime,
    connection: u64,
    event: &'a ObservedEvent<'a>,
}

impl TraceFormat {
    /// Appends the lines of an event.
    fn write(self, lines: &mut String, traced: &TracedEvent<'_>, colors: bool) {
        match self {
            Self::Text => lines::write(lines, traced, colors, text::write),
            Self::Hex => lines::write(lines, traced, colors, hex::write),
            Self::Json => json::write(lines, traced),
        }
    }
}

impl Display for TraceFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
