//! Options of listeners and of connecting.

mod accept_filter;
mod connect;
mod listener;

pub(crate) use accept_filter::AcceptFilter;
pub use connect::{ConnectOptions, ConnectWaitMode, Directions};
pub use listener::{Access, ListenerOptions, OnConflict};
