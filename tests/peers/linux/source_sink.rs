//! The two ends of a pipeline: a program that writes blocks of 128 KiB to stdout, and one that
//! reads such blocks from stdin and checks them.

use super::pattern::{Check, Pattern};
use anyhow::{Result, ensure};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::AsFd as _,
    time::Instant,
};

pub(super) const BLOCK: usize = 128 << 10;

pub(super) fn source(bytes: u64) -> Result<()> {
    // Bypasses the buffer of std's stdout.
    write_all(&mut File::from(io::stdout().as_fd().try_clone_to_owned()?), bytes)
}

pub(super) fn write_all(file: &mut File, bytes: u64) -> Result<()> {
    let pattern = Pattern::new(BLOCK);
    let mut sent = 0;
    while sent < bytes {
        let len = (bytes - sent).min(BLOCK as u64) as usize;
        file.write_all(pattern.at(sent, len))?;
        sent += len as u64;
    }
    Ok(())
}

/// Prints the seconds from the first bytes to the end of file, if all has arrived.
pub(super) fn sink(bytes: u64, check: Check) -> Result<()> {
    let mut stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let pattern = Pattern::new(BLOCK);
    let mut block = vec![0; BLOCK];
    let mut start = None;
    let mut received = 0;
    loop {
        let count = stdin.read(&mut block)?;
        let start = *start.get_or_insert_with(Instant::now);
        if count == 0 {
            ensure!(received == bytes, "{received} bytes arrived, not {bytes}");
            println!("{}", start.elapsed().as_secs_f64());
            return Ok(());
        }
        pattern.compare(received, &block[..count], check)?;
        received += count as u64;
    }
}
