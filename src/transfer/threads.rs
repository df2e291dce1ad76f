//! Transfers with blocking calls, one thread for each direction.

mod copy;
mod direction;
mod endings;
mod finish;
mod output;
mod transfer;

pub(crate) use copy::{Broken, CopySink, CopyStep, deliver, step};
pub(crate) use output::Outgoing;
pub(crate) use transfer::{RelayEnd, StdioJob, transfer};
