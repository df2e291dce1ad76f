//! Servers that send back what they get.

use super::of_client;
use crate::{
    bench::work::{
        ends::{Connection, Source as _, Whole},
        tally::{Tally, Work},
    },
    memory,
};
use std::io;

/// Answers whole messages of a known size, until the client has no more.
pub(in crate::bench::work) async fn answer_messages(
    connection: Connection,
    size: usize,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let Connection { mut reader, mut writer } = connection;
    let mut message = memory::zeroed(size)?;
    while reader.fill(&mut message).await.map_err(of_client)? {
        work.goes_on();
        writer.write_all(&message).await.map_err(of_client)?;
        work.done(size);
    }
    Ok(work.tally())
}

/// Messages of visitors that need no memory of their own.
const SMALL: usize = 64;

/// Answers one message, if one comes.
pub(in crate::bench::work) async fn answer_once(
    mut connection: Whole,
    size: usize,
    before: impl FnOnce(),
) -> anyhow::Result<()> {
    // An allocation would be noticed: a whole connection takes some microseconds.
    let mut small = [0; SMALL];
    let mut large;
    let message = match small.get_mut(..size) {
        Some(small) => small,
        None => {
            large = memory::zeroed(size)?;
            &mut large
        }
    };
    if connection.fill(message).await.map_err(of_client)? {
        before();
        connection.write_all(message).await.map_err(of_client)?;
    }
    Ok(())
}

/// Reads whatever comes, as it comes, and sends it back if it is to. The first time
/// something comes is noted.
pub(in crate::bench::work) async fn echo(
    connection: Connection,
    size: usize,
    sends_back: bool,
    note: impl Fn() -> io::Result<()>,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let Connection { mut reader, mut writer } = connection;
    let mut buffer = memory::zeroed(super::buffer_size(size))?;
    loop {
        let count = reader.read(&mut buffer).await.map_err(of_client)?;
        if count == 0 {
            return Ok(work.tally());
        }
        if work.bytes() == 0 {
            note()?;
        }
        if sends_back {
            writer.write_all(&buffer[..count]).await.map_err(of_client)?;
        }
        work.moved(count, size);
    }
}
