//! Event loops, and in them transfers from socket to socket. An idle connection uses no buffer and
//! no CPU time.

mod buffers;
mod delivery_watch;
mod direction;
mod ends;
mod loops;
mod transfer;

pub(crate) use direction::{CopyPlan, TaskDirection};
pub(crate) use ends::{TaskSink, TaskSource};
pub(crate) use loops::EventLoops;
pub(crate) use transfer::{TransferPlan, transfer};
