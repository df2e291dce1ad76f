//! Accepting clients: who is served, how many at a time, and how it all ends.

mod accept;
mod limits;
mod stop;

pub(crate) use accept::{Acceptor, Client};
pub(crate) use limits::{Limits, Place};
pub(crate) use stop::{Going, Open, Stopper};
