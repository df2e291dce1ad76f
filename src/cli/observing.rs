use super::value::{self, Choice, choice};
use crate::inspect::{ObservingOptions, RecordingOptions, TraceFormat, TraceOptions};
use clap::Args;
use std::{num::NonZeroU16, path::PathBuf};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Tracing")]
pub(crate) struct Observing {
    /// Show what moves, with times: as text, in hexadecimal digits, or as JSON.
    ///
    /// Without a value: `text`. The trace is written to stderr, or to the file of --trace-file. A
    /// traced connection is copied through lsock, also if a command could have had the socket
    /// itself. See lsock-trace(7).
    #[arg(
        long,
        value_name = "FORMAT",
        value_parser = choice(TRACE_FORMATS),
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text"
    )]
    pub(crate) trace: Option<TraceFormat>,

    /// Write the trace to FILE, which only this user can read, instead of stderr.
    ///
    /// A file that exists is overwritten. Without --trace, the trace is text.
    #[arg(
        long,
        value_name = "FILE",
        value_parser = value::file("the trace goes to stderr without this option")
    )]
    pub(crate) trace_file: Option<PathBuf>,

    /// Record what moves in FILE, which Wireshark and tshark open (pcapng).
    ///
    /// Each connection is a TCP conversation with made-up addresses. Only this user can read the
    /// file. A file that exists is overwritten. See lsock-trace(7).
    #[arg(
        long,
        value_name = "FILE",
        value_parser = value::file("stdout is for data, and a FIFO for programs that read along")
    )]
    pub(crate) record: Option<PathBuf>,

    /// The port of the server in the recording, by which Wireshark chooses a protocol [default: 40000].
    #[arg(long, value_name = "PORT", value_parser = value::port, requires = "record")]
    pub(crate) record_port: Option<NonZeroU16>,
}

const TRACE_FORMATS: &[Choice<TraceFormat>] = &[
    Choice::new(TraceFormat::Text, "text", "Text, with what is not printable escaped"),
    Choice::new(TraceFormat::Hex, "hex", "Offset, hexadecimal digits and text side by side"),
    Choice::new(TraceFormat::Json, "json", "One JSON object in each line"),
];

impl Observing {
    /// Returns the options of the observers.
    pub(crate) fn options(&self) -> ObservingOptions {
        let format = self.trace.or(self.trace_file.as_ref().map(|_| TraceFormat::Text));
        let trace = format.map(|format| TraceOptions { format, file: self.trace_file.clone() });
        let port = self.record_port.map(NonZeroU16::get);
        let recording = self.record.clone().map(|file| RecordingOptions { file, port });
        ObservingOptions { trace, recording }
    }
}
