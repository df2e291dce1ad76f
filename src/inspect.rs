//! What lsock shows of sockets and of what moves through them.

mod byte_text;
mod describe;
mod distinct_files;
mod json;
pub(crate) mod list;
pub(crate) mod live_names;
pub(crate) mod name;
mod observers;
mod private_file;
mod recording;
mod replay;
pub(crate) mod tap;
mod trace;

pub(crate) use observers::{Observers, ObservingOptions, RecordingOptions, TraceOptions};
pub(crate) use recording::read::{ConnectionSummary, RecordingFile, role_name};
pub(crate) use replay::{Difference, Mismatch, Pace, ReplaySettings, play};
pub(crate) use trace::TraceFormat;
