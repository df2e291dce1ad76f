//! Servers that echo.

use super::{Messages, map_client_error};
use crate::bench::work::{
    RunResult,
    connection::{MessageReader as _, OpenConnection, SplitConnection},
    tally::{Tally, WorkerProgress},
};
use crate::memory;
use std::io;

/// Echoes whole messages of a known size until the end of file.
pub(in crate::bench::work) async fn answer_messages(
    connection: SplitConnection,
    messages: Messages,
) -> RunResult<Tally> {
    let SplitConnection { mut reader, mut writer } = connection;
    let Messages { size, mut progress, .. } = messages;
    let mut message = memory::zeroed(size)?;
    while reader.fill(&mut message).await.map_err(map_client_error)? {
        progress.has_next();
        writer.write_all(&message).await.map_err(map_client_error)?;
        progress.add_message(size);
    }
    Ok(progress.into_tally())
}

/// Messages up to this size are read to the stack.
const SMALL: usize = 64;

/// Echoes one message, unless the client closes first. Calls `before` before the answer.
pub(in crate::bench::work) async fn answer_once(
    mut connection: OpenConnection,
    size: usize,
    before: impl FnOnce(),
) -> RunResult<()> {
    // An allocation would be noticeable: a connection lasts a few microseconds.
    let mut small = [0; SMALL];
    let mut large;
    let message = match small.get_mut(..size) {
        Some(small) => small,
        None => {
            large = memory::zeroed(size)?;
            &mut large
        }
    };
    if connection.fill(message).await.map_err(map_client_error)? {
        before();
        connection.write_all(message).await.map_err(map_client_error)?;
    }
    Ok(())
}

/// Reads to the end of file, and echoes if `sends_back` is set. Calls `note` at the first bytes.
pub(in crate::bench::work) async fn echo(
    connection: SplitConnection,
    size: usize,
    sends_back: bool,
    note: impl Fn() -> io::Result<()>,
    mut progress: WorkerProgress,
) -> RunResult<Tally> {
    let SplitConnection { mut reader, mut writer } = connection;
    let mut buffer = memory::zeroed(super::buffer_size(size))?;
    loop {
        let count = reader.read(&mut buffer).await.map_err(map_client_error)?;
        if count == 0 {
            return Ok(progress.into_tally());
        }
        if progress.bytes() == 0 {
            note()?;
        }
        if sends_back {
            writer.write_all(&buffer[..count]).await.map_err(map_client_error)?;
        }
        progress.add_bytes(count, size);
    }
}
