//! Transfers with blocking calls, one thread for each direction.

mod copy;
mod direction;
mod transfer;

pub(crate) use transfer::{Job, transfer};
