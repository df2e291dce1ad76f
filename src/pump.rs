//! Moving bytes between a stream and what it is joined to: each direction on its own,
//! until both have ended or a limit is reached.

mod copy;
mod direction;
mod meter;
mod options;
mod passing;
mod progress;
mod report;
mod transfer;
mod watch;

pub(crate) use meter::Meter;
pub(crate) use options::{CopyMode, Eof, TransferOptions};
pub(crate) use passing::Passing;
pub(crate) use progress::Progress;
pub(crate) use report::Report;
pub(crate) use transfer::{Job, transfer};
pub(crate) use watch::{Fate, Watch, closed, ended};
