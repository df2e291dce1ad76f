//! Latency: a message there and back, one at a time.

use super::of_server;
use crate::{
    bench::work::{
        BenchError,
        ends::{Connection, Source as _},
        pattern::Pattern,
        tally::{Tally, Work},
    },
    memory,
};
use std::time::Instant;

/// A client: sends a message and waits for its answer, until the run is over.
pub(in crate::bench::work) async fn exchange(
    connection: Connection,
    mut pattern: Pattern,
    size: usize,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let Connection { mut reader, mut writer } = connection;
    let mut answers = pattern.clone();
    let mut answer = memory::zeroed(size)?;
    while work.goes_on() {
        let message = pattern.next(size);
        let start = Instant::now();
        writer.write_all(message).await.map_err(of_server)?;
        if !reader.fill(&mut answer).await.map_err(of_server)? {
            return Err(BenchError::ServerClosed.into());
        }
        work.took(start.elapsed());
        answers.check(&answer)?;
        work.done(size);
    }
    writer.finish().await.map_err(of_server)?;
    Ok(work.tally())
}
