//! Unix domain sockets for asynchronous programs, on tokio's own types.

mod connect;
mod convert;
mod halves;
mod listener;
mod stream;

pub use {
    halves::{RecvHalf, SendHalf},
    listener::Listener,
    stream::Stream,
};
