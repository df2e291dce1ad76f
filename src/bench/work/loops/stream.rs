//! Throughput: bytes in one direction.

use super::{MapError, Messages, map_server_error, wait_for_end};
use crate::{
    bench::work::{
        BenchError, RunResult,
        connection::{ConnectionReader, ConnectionWriter, MessageReader as _, SplitConnection},
        tally::{Tally, WorkerProgress},
    },
    memory,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Minimum size of a read buffer: real servers read many small messages at once.
const LEAST: usize = 64 << 10;

/// Returns the size of a read buffer for messages of this size.
pub(in crate::bench::work) fn buffer_size(size: usize) -> usize {
    size.max(LEAST)
}

/// Client: sends until the end of the run, and waits until the server has read everything.
pub(in crate::bench::work) async fn send(
    connection: SplitConnection,
    messages: Messages,
) -> RunResult<Tally> {
    let SplitConnection { mut reader, writer } = connection;
    let progress = write(writer, map_server_error, messages, None).await?;
    wait_for_end(&mut reader).await?;
    Ok(progress.into_tally())
}

/// Sends until the end of the run, with another worker for the other direction. Stores the number
/// of bytes in `sent`.
pub(in crate::bench::work) async fn send_only(
    writer: ConnectionWriter,
    map_error: MapError,
    messages: Messages,
    sent: Arc<AtomicU64>,
) -> RunResult<Tally> {
    Ok(write(writer, map_error, messages, Some(&sent)).await?.into_tally())
}

async fn write(
    mut writer: ConnectionWriter,
    map_error: MapError,
    messages: Messages,
    sent: Option<&AtomicU64>,
) -> RunResult<WorkerProgress> {
    let Messages { size, mut pattern, mut progress } = messages;
    while progress.has_next() {
        writer.write_all(pattern.next(size)).await.map_err(map_error)?;
        progress.add_message(size);
    }
    if let Some(sent) = sent {
        sent.store(progress.bytes(), Ordering::Release);
    }
    writer.finish().await.map_err(map_error)?;
    Ok(progress)
}

/// Reads to the end of file and checks the bytes. Then drops the other direction, if given, which
/// ends the connection for the sender.
pub(in crate::bench::work) async fn receive(
    reader: ConnectionReader,
    map_error: MapError,
    _other_direction: Option<ConnectionWriter>,
    messages: Messages,
) -> RunResult<Tally> {
    Ok(read(reader, map_error, messages).await?.into_tally())
}

/// Receives what a server echoes. The bytes are not counted again.
pub(in crate::bench::work) async fn receive_back(
    reader: ConnectionReader,
    messages: Messages,
    sent: Arc<AtomicU64>,
) -> RunResult<Tally> {
    let progress = read(reader, map_server_error, messages).await?;
    match (sent.load(Ordering::Acquire), progress.bytes()) {
        (sent, arrived) if arrived == sent => Ok(progress.into_tally().without_counts()),
        // The sender is still running.
        (0, _) => Err(BenchError::ServerClosed),
        (sent, arrived) => Err(BenchError::Miscounted { sent, arrived, what: "bytes" }),
    }
}

async fn read(
    mut reader: ConnectionReader,
    map_error: MapError,
    messages: Messages,
) -> RunResult<WorkerProgress> {
    let Messages { size, mut pattern, mut progress } = messages;
    let mut buffer = memory::zeroed(buffer_size(size))?;
    loop {
        let count = reader.read(&mut buffer).await.map_err(map_error)?;
        if count == 0 {
            return Ok(progress);
        }
        progress.has_next();
        pattern.check(&buffer[..count])?;
        progress.add_bytes(count, size);
    }
}
