//! The measuring itself: sockets, threads and clocks.
//!
//! A run has a server and clients, each with a [`Crew`](crew::Crew) of workers that do one of
//! the [`loops`]; what they move the bytes through are [`ends`], opened at an
//! [`address`]. The server is in a process of its own, which is told what to do through a
//! [`control`] connection, or in this one.

mod address;
mod at;
mod clients;
mod control;
mod crew;
mod ends;
mod error;
mod listener;
mod loops;
mod pace;
mod pattern;
mod phase;
mod runner;
mod sample;
mod server;
mod side;
mod tally;
mod unopened;
mod waiting;

pub(crate) use address::Address;
pub(crate) use at::At;
pub(crate) use clients::Does;
pub(crate) use control::{COMMAND, serve};
pub(crate) use error::BenchError;
pub(crate) use runner::Runner;
pub(crate) use side::ServerIs;
