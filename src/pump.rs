//! Moving bytes between a stream and what it is joined to: each direction on its own,
//! until both have ended or a limit is reached.

mod copy;
mod direction;
mod meter;
mod options;
mod progress;
mod report;
mod transfer;

pub(crate) use meter::Meter;
pub(crate) use options::Options;
pub(crate) use progress::Progress;
pub(crate) use report::Report;
pub(crate) use transfer::{Job, transfer};
