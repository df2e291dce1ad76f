//! Event loops, and in them transfers from socket to socket. An idle connection uses no buffer and
//! no CPU time.

mod buffers;
mod delivery_watch;
mod direction;
mod loops;
mod report;
mod transfer;

pub(crate) use loops::EventLoops;
pub(crate) use report::{MayStopReading, RelayReport};
pub(crate) use transfer::{TransferPlan, transfer};
