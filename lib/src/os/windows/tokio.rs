//! Asynchronous named pipes.
//!
//! They do not use tokio's named pipes. Those either read in byte mode, in which there is no end
//! of file after a half-close, or lose the part of a message that does not fit into the buffer.
//!
//! One thread of this library wakes the tasks of all streams and listeners. The runtime needs no
//! I/O driver, and can be shut down before or after the streams are dropped.

mod connect;
mod connection;
mod convert;
mod listener;
mod read;
mod stream;
mod write;

pub use {
    listener::Listener,
    stream::{RecvHalf, SendHalf, Stream},
};
