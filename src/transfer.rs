//! Moves bytes between the two ends of a connection.
//!
//! What both drivers share is stated here: options, time limits, the meter, progress, the rule for
//! unread data, parts of the report, and the warnings about descriptors. [`threads`] moves bytes with blocking calls, for standard
//! input and output and for pipes of commands. [`tasks`] moves bytes from socket to socket in event
//! loops.

mod delivery;
mod limits;
mod meter;
mod options;
mod passing;
mod progress;
mod report;
pub(crate) mod tasks;
pub(crate) mod threads;

pub(crate) use delivery::{Delivery, DeliveryRule, closed, ended};
pub(crate) use limits::TimeLimits;
pub(crate) use meter::Meter;
pub(crate) use options::{CopyMode, Eof, TransferOptions};
pub(crate) use passing::Passing;
pub(crate) use progress::Progress;
pub(crate) use report::{EarlyEnd, is_gone, undelivered, write_error};
