//! Throughput: bytes one way.

use super::{of_server, wait_for_end};
use crate::{
    bench::work::{
        BenchError,
        ends::{Connection, Reader, Source as _, Writer},
        pattern::Pattern,
        tally::{Tally, Work},
    },
    memory,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What is read at once at least: servers have buffers that hold many small messages.
const LEAST: usize = 64 << 10;

/// How much a reader asks for.
pub(in crate::bench::work) fn buffer_size(size: usize) -> usize {
    size.max(LEAST)
}

/// A client: sends until the run is over, and waits until the server has got everything.
pub(in crate::bench::work) async fn send(
    connection: Connection,
    mut pattern: Pattern,
    size: usize,
    work: Work,
) -> anyhow::Result<Tally> {
    let Connection { mut reader, writer } = connection;
    let (writer, work) = write(writer, &mut pattern, size, work).await?;
    writer.finish().await.map_err(of_server)?;
    wait_for_end(&mut reader).await?;
    Ok(work.tally())
}

/// One side of two that send: until the run is over.
pub(in crate::bench::work) async fn send_only(
    writer: Writer,
    mut pattern: Pattern,
    size: usize,
    work: Work,
    sent: Arc<AtomicU64>,
) -> anyhow::Result<Tally> {
    let (writer, work) = write(writer, &mut pattern, size, work).await?;
    sent.store(work.bytes(), Ordering::Release);
    writer.finish().await.map_err(of_server)?;
    Ok(work.tally())
}

async fn write(
    mut writer: Writer,
    pattern: &mut Pattern,
    size: usize,
    mut work: Work,
) -> anyhow::Result<(Writer, Work)> {
    while work.goes_on() {
        writer.write_all(pattern.next(size)).await.map_err(of_server)?;
        work.done(size);
    }
    Ok((writer, work))
}

/// Reads to the end of file, and checks what comes. Whoever sends sees the end of the
/// connection then, if the other direction is given as well.
pub(in crate::bench::work) async fn receive(
    reader: Reader,
    _other_direction: Option<Writer>,
    pattern: Pattern,
    size: usize,
    work: Work,
) -> anyhow::Result<Tally> {
    Ok(read(reader, pattern, size, work).await?.tally())
}

/// The same of what a server sends back of what was sent: it is not counted twice.
pub(in crate::bench::work) async fn receive_back(
    reader: Reader,
    pattern: Pattern,
    size: usize,
    work: Work,
    sent: Arc<AtomicU64>,
) -> anyhow::Result<Tally> {
    let work = read(reader, pattern, size, work).await?;
    let (sent, arrived) = (sent.load(Ordering::Acquire), work.bytes());
    if arrived == sent {
        return Ok(work.tally().of_nothing());
    }
    // Nothing has been noted while it is still being sent.
    Err(if sent == 0 {
        BenchError::ServerClosed
    } else {
        BenchError::Miscounted { sent, arrived, what: "bytes" }
    }
    .into())
}

async fn read(
    mut reader: Reader,
    mut pattern: Pattern,
    size: usize,
    mut work: Work,
) -> anyhow::Result<Work> {
    let mut buffer = memory::zeroed(buffer_size(size))?;
    loop {
        let count = reader.read(&mut buffer).await.map_err(of_server)?;
        if count == 0 {
            return Ok(work);
        }
        work.goes_on();
        pattern.check(&buffer[..count])?;
        work.moved(count, size);
    }
}
