//! Measures runs with sockets, threads and clocks.
//!
//! A run has a server and clients. Each side has [`Workers`](workers::Workers), which execute the
//! functions of [`loops`] on [connections](connection) to an [`address`]. The server runs in a
//! separate process, which is controlled through a [`control`] connection, or in this process.

mod address;
mod clients;
mod connection;
mod control;
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
pub(crate) use control::{COMMAND, serve};
pub(crate) use external_clients::ExternalClients;
pub(crate) use runner::Runner;

use super::error::{BenchError, RunResult};
