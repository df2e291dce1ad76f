//! The measuring itself: sockets, threads and clocks.
//!
//! A run has a server and clients, each with a [`Workers`](workers::Workers) of workers that do one of
//! the [`loops`]; what they move the bytes through are [`ends`], opened at an
//! [`address`]. The server is in a process of its own, which is told what to do through a
//! [`control`] connection, or in this one.

mod address;
mod clients;
mod connection;
mod control;
mod error;
mod external_clients;
mod listener;
mod loops;
mod pace;
mod pattern;
mod phase;
mod runner;
mod running_server;
mod sample;
mod server;
mod stall_watch;
mod tally;
mod unopened_end;
mod workers;

pub(crate) use address::ServerAddress;
pub(crate) use clients::ServerBehaviour;
pub(crate) use control::{COMMAND, serve};
pub(crate) use error::BenchError;
pub(crate) use external_clients::ExternalClients;
pub(crate) use runner::Runner;
pub(crate) use running_server::ServerKind;
