//! Transfers with blocking calls, one thread for each direction.

mod copy;
mod direction;
mod report;
mod transfer;

use super::{delivery, meter, options, passing};

pub(crate) use report::TransferReport;
pub(crate) use transfer::{Job, transfer};
