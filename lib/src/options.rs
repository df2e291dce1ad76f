//! How to listen and how to connect.

mod connect;
mod listener;

pub use connect::{ConnectOptions, ConnectWaitMode};
pub use listener::{Access, ListenerOptions, OnConflict};
