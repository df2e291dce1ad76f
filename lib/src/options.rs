//! How to listen and how to connect.

mod accept_filter;
mod connect;
mod listener;

pub(crate) use accept_filter::AcceptFilter;
pub use connect::{ConnectOptions, ConnectWaitMode};
pub use listener::{Access, ListenerOptions, OnConflict};
