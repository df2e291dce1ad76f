//! Unix domain sockets for asynchronous programs, on tokio's own types.

mod connect;
mod convert;
mod fd_passing;
mod halves;
mod listener;
mod stream;

pub use {
    halves::{RecvHalf, SendHalf},
    listener::Listener,
    stream::Stream,
};
