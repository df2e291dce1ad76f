//! Connection rate: connect, exchange one message, close.

use super::{Messages, map_server_error};
use crate::bench::Api;
use crate::bench::work::{
    BenchError, RunResult,
    address::{ConnectionUse, ServerAddress},
    connection::MessageReader as _,
    tally::Tally,
};
use crate::memory;
use std::time::Instant;

/// Whether a client waits for an answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::bench::work) enum VisitKind {
    WithMessage,
    /// The client only connects, because the server discards.
    Silent,
}

/// Client: connects again and again until the end of the run.
pub(in crate::bench::work) async fn visit(
    address: ServerAddress,
    api: Api,
    kind: VisitKind,
    messages: Messages,
) -> RunResult<Tally> {
    let Messages { size, mut pattern, mut progress } = messages;
    let mut answers = pattern.clone();
    let mut answer = memory::zeroed(size)?;
    while progress.has_next() {
        let start = Instant::now();
        if kind == VisitKind::WithMessage {
            let mut connection = address.connect(api, ConnectionUse::OneMessage, None).await?;
            connection.write_all(pattern.next(size)).await.map_err(map_server_error)?;
            if !connection.fill(&mut answer).await.map_err(map_server_error)? {
                return Err(BenchError::ServerClosed);
            }
            progress.add_time(start.elapsed());
            answers.check(&answer)?;
            progress.add_message(size);
        } else {
            // Without a linger time of zero: a reset could remove the connection from the backlog
            // before the server accepts it (`accept(2)`, ECONNABORTED).
            let _connection = address.connect(api, ConnectionUse::Run, None).await?;
            progress.add_time(start.elapsed());
            progress.add_message(0);
        }
    }
    Ok(progress.into_tally())
}
