//! Asynchronous Unix domain sockets, based on tokio's types.

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
