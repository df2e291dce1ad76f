//! Asynchronous Unix domain sockets, based on tokio's types.

mod connect;
#[cfg(linux_like)]
mod connect_thread;
mod convert;
mod fd_passing;
mod listener;
mod owned_socket;
mod shared_socket;
mod stream;

pub use {
    listener::Listener,
    stream::{RecvHalf, SendHalf, Stream},
};
