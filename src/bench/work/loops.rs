//! The loops that workers execute, one function for each role in a workload.

mod answer;
mod latency;
mod stream;
mod visit;

pub(super) use answer::{answer_messages, answer_once, echo};
pub(super) use latency::{exchange, receive_timed, send_paced};
pub(super) use stream::{buffer_size, receive, receive_back, send, send_only};
pub(super) use visit::{VisitKind, visit};

use super::{
    BenchError, RunResult,
    connection::{ConnectionReader, MessageReader as _},
    pattern::Pattern,
    tally::WorkerProgress,
};
use std::io;

/// The messages that a worker sends or receives.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) size: usize,
    pub(super) pattern: Pattern,
    pub(super) progress: WorkerProgress,
}

impl Messages {
    /// Records the time of each message.
    pub(super) fn timed(self) -> Self {
        Self { progress: self.progress.timed(), ..self }
    }
}

/// Converts errors of a closed connection to `ServerClosed`.
pub(super) fn map_server_error(error: io::Error) -> BenchError {
    match error.kind() {
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::UnexpectedEof => BenchError::ServerClosed,
        _ => error.into(),
    }
}

/// Adds context to an error of a client's connection.
pub(super) fn map_client_error(error: io::Error) -> BenchError {
    BenchError::io("a client closed the connection before the end of the run")(error)
}

/// Converts errors of the peer of a loop that runs in the clients as well as in the server.
type MapError = fn(io::Error) -> BenchError;

/// Waits until the server closes the connection, which it does after the last byte has arrived.
async fn wait_for_end(reader: &mut ConnectionReader) -> RunResult<()> {
    let more = reader.read(&mut [0; 1]).await.map_err(map_server_error)?;
    // A server that discards must not send.
    if more > 0 { Err(BenchError::Answered) } else { Ok(()) }
}
