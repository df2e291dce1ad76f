//! Many connections at a time: event loops, and in each of them transfers from socket to
//! socket that cost nothing while nothing moves.

mod buffers;
mod departure;
mod direction;
mod loops;
mod report;
mod transfer;

pub(crate) use loops::EventLoops;
pub(crate) use report::Report;
pub(crate) use transfer::{Plan, transfer};
