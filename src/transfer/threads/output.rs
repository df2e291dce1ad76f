//! Writing to an output that may block for ever.

use super::copy::CopySink;
use crate::{system::Output, transfer::WriteStop};
use std::io;

/// The output of a transfer, whose writer can be stopped while the output is blocked.
///
/// With a stop, each write waits until the output is writable, without the lock of the stop, and is
/// limited to the number of bytes that do not block: a write that blocks does not report how much it
/// has written.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    output: &'a Output,
    stop: Option<&'a WriteStop>,
    /// Number of bytes that a write takes without blocking; `usize::MAX` if it never blocks for long.
    room: usize,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn new(output: &'a Output, stop: Option<&'a WriteStop>) -> Self {
        Self { output, stop, room: stop.map_or(usize::MAX, |_| output.room()) }
    }
}

impl CopySink for Outgoing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(stop) = self.stop else { return self.output.write(bytes) };
        if self.room < usize::MAX {
            self.output.wait_writable()?;
        }
        stop.write(|| self.output.write(&bytes[..bytes.len().min(self.room)]))
    }

    fn wait(&mut self) -> io::Result<()> {
        self.output.wait_writable()
    }
}
