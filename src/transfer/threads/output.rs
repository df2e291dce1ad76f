//! Writing to an output that may block for ever.

use super::copy::CopySink;
use crate::{system::Output, transfer::WriteStop};
use std::io;

/// An output whose writer can be stopped while the output is blocked. Each write waits until the
/// output is writable, without the lock of the stop, and is limited to the number of bytes that do
/// not block: a write that blocks does not report how much it has written.
#[derive(Debug)]
pub(crate) struct StoppableOutput<'a> {
    output: &'a Output,
    room: usize,
    stop: &'a WriteStop,
}

impl<'a> StoppableOutput<'a> {
    pub(crate) fn new(output: &'a Output, stop: &'a WriteStop) -> Self {
        Self { output, room: output.room(), stop }
    }
}

impl CopySink for StoppableOutput<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.wait_writable()?;
        self.stop.write(|| self.output.write(&bytes[..bytes.len().min(self.room)]))
    }

    fn wait(&mut self) -> io::Result<()> {
        self.output.wait_writable()
    }
}
