//! Latency: one message at a time, or messages at a given rate.
//!
//! With a rate, one worker sends messages when they are due, and another receives the answers.
//! Times count from the due time, whatever delays a message (no coordinated omission).

use super::{Messages, map_server_error};
use crate::{
    bench::work::{
        BenchError, RunResult,
        connection::{ConnectionReader, ConnectionWriter, MessageReader as _, SplitConnection},
        pace::{RateCheck, Timetable},
        tally::Tally,
    },
    memory,
};
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

/// Sends the messages of the timetable; late ones at once.
pub(in crate::bench::work) async fn send_paced(
    mut writer: ConnectionWriter,
    timetable: Timetable,
    messages: Messages,
) -> RunResult<Tally> {
    let Messages { size, mut pattern, mut progress } = messages;
    let mut rate = RateCheck::new(timetable);
    for number in 0..timetable.count {
        timetable.wait_for(number).await;
        if number == timetable.first {
            progress.end_warm_up();
        }
        rate.check(number)?;
        writer.write_all(pattern.next(size)).await.map_err(map_server_error)?;
        progress.add_message(size);
    }
    rate.check(timetable.count)?;
    writer.finish().await.map_err(map_server_error)?;
    Ok(progress.into_tally().measured_within(timetable.measured))
}

/// Receives the answers; fails if one is missing.
pub(in crate::bench::work) async fn receive_timed(
    mut reader: ConnectionReader,
    timetable: Timetable,
    messages: Messages,
) -> RunResult<Tally> {
    let Messages { size, mut pattern, mut progress } = messages;
    let mut answer = memory::zeroed(size)?;
    let mut number = 0;
    while reader.fill(&mut answer).await.map_err(map_server_error)? {
        let late = timetable.due(number).elapsed();
        if number == timetable.first {
            progress.end_warm_up();
        }
        progress.add_time(late);
        pattern.check(&answer)?;
        progress.add_message(size);
        number += 1;
    }
    if number < timetable.count {
        return Err(BenchError::ServerClosed);
    }
    Ok(progress.into_tally().without_counts())
}
