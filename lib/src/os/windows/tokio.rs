//! Named pipes for asynchronous programs.
//!
//! tokio's own named pipes read by bytes, or lose what does not fit the buffer, and so
//! there is no end of file in them. These share everything with the synchronous ones
//! but the waiting: a thread of this library's, one for all of the process, wakes the
//! tasks. No runtime's drivers are needed, and no order in which runtimes and streams
//! have to end.

mod connect;
mod connection;
mod convert;
mod halves;
mod listener;
mod read;
mod stream;
mod write;

pub use {
    halves::{RecvHalf, SendHalf},
    listener::Listener,
    stream::Stream,
};
