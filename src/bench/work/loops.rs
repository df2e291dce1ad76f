//! What workers do: one function for each part of a workload.

mod answer;
mod exchange;
mod paced;
mod stream;
mod visit;

pub(super) use answer::{answer_messages, answer_once, echo};
pub(super) use exchange::exchange;
pub(super) use paced::{receive_timed, send_paced};
pub(super) use stream::{buffer_size, receive, receive_back, send, send_only};
pub(super) use visit::{VisitKind, visit};

use super::{
    BenchError,
    connection::{ConnectionReader, MessageReader as _},
};
use std::io;

/// What a write or read says of a server that has gone, and everything else as it is.
fn map_server_error(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::UnexpectedEof => BenchError::ServerClosed.into(),
        _ => error.into(),
    }
}

/// The same for servers.
fn map_client_error(error: io::Error) -> anyhow::Error {
    anyhow::Error::from(error).context("a client ended the connection before the run was over")
}

/// Waits until the server has ended the connection, as it behaviour when it has read everything.
async fn wait_for_end(reader: &mut ConnectionReader) -> anyhow::Result<()> {
    let more = reader.read(&mut [0; 1]).await.map_err(map_server_error)?;
    // It was not asked for anything.
    if more > 0 { Err(BenchError::Answered.into()) } else { Ok(()) }
}
