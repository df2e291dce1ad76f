//! Throughput: bytes in one direction.

use super::{LoopPeer, map_server_error, wait_for_end};
use crate::bench::work::{
    BenchError, RunResult,
    connection::{ConnectionReader, ConnectionWriter, MessageReader as _, SplitConnection},
    pattern::Pattern,
    tally::{Tally, WorkerProgress},
};
use crate::memory;
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
    mut pattern: Pattern,
    size: usize,
    progress: WorkerProgress,
) -> RunResult<Tally> {
    let SplitConnection { mut reader, writer } = connection;
    let (writer, progress) = write(writer, LoopPeer::Server, &mut pattern, size, progress).await?;
    writer.finish().await.map_err(map_server_error)?;
    wait_for_end(&mut reader).await?;
    Ok(progress.into_tally())
}

/// Sends until the end of the run, with another worker for the other direction. Stores the number
/// of bytes in `sent`.
pub(in crate::bench::work) async fn send_only(
    writer: ConnectionWriter,
    peer: LoopPeer,
    mut pattern: Pattern,
    size: usize,
    progress: WorkerProgress,
    sent: Arc<AtomicU64>,
) -> RunResult<Tally> {
    let (writer, progress) = write(writer, peer, &mut pattern, size, progress).await?;
    sent.store(progress.bytes(), Ordering::Release);
    writer.finish().await.map_err(|error| peer.map_error(error))?;
    Ok(progress.into_tally())
}

async fn write(
    mut writer: ConnectionWriter,
    peer: LoopPeer,
    pattern: &mut Pattern,
    size: usize,
    mut progress: WorkerProgress,
) -> RunResult<(ConnectionWriter, WorkerProgress)> {
    while progress.has_next() {
        writer.write_all(pattern.next(size)).await.map_err(|error| peer.map_error(error))?;
        progress.add_message(size);
    }
    Ok((writer, progress))
}

/// Reads to the end of file and checks the bytes. Then drops the other direction, if given, which
/// ends the connection for the sender.
pub(in crate::bench::work) async fn receive(
    reader: ConnectionReader,
    peer: LoopPeer,
    _other_direction: Option<ConnectionWriter>,
    pattern: Pattern,
    size: usize,
    progress: WorkerProgress,
) -> RunResult<Tally> {
    Ok(read(reader, peer, pattern, size, progress).await?.into_tally())
}

/// Receives what a server echoes. The bytes are not counted again.
pub(in crate::bench::work) async fn receive_back(
    reader: ConnectionReader,
    pattern: Pattern,
    size: usize,
    progress: WorkerProgress,
    sent: Arc<AtomicU64>,
) -> RunResult<Tally> {
    let progress = read(reader, LoopPeer::Server, pattern, size, progress).await?;
    let (sent, arrived) = (sent.load(Ordering::Acquire), progress.bytes());
    if arrived == sent {
        return Ok(progress.into_tally().without_counts());
    }
    // `sent` is zero while the sender is still running.
    Err(if sent == 0 {
        BenchError::ServerClosed
    } else {
        BenchError::Miscounted { sent, arrived, what: "bytes" }
    })
}

async fn read(
    mut reader: ConnectionReader,
    peer: LoopPeer,
    mut pattern: Pattern,
    size: usize,
    mut progress: WorkerProgress,
) -> RunResult<WorkerProgress> {
    let mut buffer = memory::zeroed(buffer_size(size))?;
    loop {
        let count = reader.read(&mut buffer).await.map_err(|error| peer.map_error(error))?;
        if count == 0 {
            return Ok(progress);
        }
        progress.has_next();
        pattern.check(&buffer[..count])?;
        progress.add_bytes(count, size);
    }
}
