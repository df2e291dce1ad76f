//! Latency: one message at a time, there and back.

use super::{Messages, map_server_error};
use crate::bench::work::{
    BenchError, RunResult,
    connection::{MessageReader as _, SplitConnection},
    tally::Tally,
};
use crate::memory;
use std::time::Instant;

/// Client: sends a message and waits for its answer until the end of the run.
pub(in crate::bench::work) async fn exchange(
    connection: SplitConnection,
    messages: Messages,
) -> RunResult<Tally> {
    let SplitConnection { mut reader, mut writer } = connection;
    let Messages { size, mut pattern, mut progress } = messages;
    let mut answers = pattern.clone();
    let mut answer = memory::zeroed(size)?;
    while progress.has_next() {
        let message = pattern.next(size);
        let start = Instant::now();
        writer.write_all(message).await.map_err(map_server_error)?;
        if !reader.fill(&mut answer).await.map_err(map_server_error)? {
            return Err(BenchError::ServerClosed);
        }
        progress.add_time(start.elapsed());
        answers.check(&answer)?;
        progress.add_message(size);
    }
    writer.finish().await.map_err(map_server_error)?;
    Ok(progress.into_tally())
}
