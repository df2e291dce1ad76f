//! Event loops, and in them transfers from socket to socket. An idle connection uses no buffer and
//! no CPU time.

mod buffers;
mod clock;
mod delivery_watch;
mod direction;
mod first_end;
mod held_bytes;
mod loops;
mod source_sink;
mod transfer;

pub(crate) use direction::{CopyPlan, TaskDirection};
pub(crate) use first_end::{FirstEnd, NoServer};
pub(crate) use loops::EventLoops;
pub(crate) use source_sink::{TaskSink, TaskSource};
pub(crate) use transfer::{TransferPlan, transfer, transfer_of};
