use super::{connection::Connection, operation, pipe::is_disconnection};
use std::{io, os::windows::io::AsHandle, sync::atomic::Ordering};

/// Maximum length of one read. The system may allocate a buffer of the length of the read.
const MAX_READ: usize = 1024 * 1024;

impl Connection {
    /// Reads into the buffer. It waits for data as the mode and the timeout say.
    pub(super) fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() || self.read_ended.load(Ordering::Acquire) {
            return Ok(0);
        }
        let longest = buf.len().min(MAX_READ);
        let buf = &mut buf[..longest];
        let limit = self.recv_limit();
        loop {
            return match operation::read(self.pipe.as_handle(), buf, &self.read_wake, limit) {
                // A half-close sends a message of zero bytes.
                Ok(Some(0)) if self.ends_with_empty_message() => {
                    self.end_reading();
                    Ok(0)
                }
                Ok(Some(0)) => continue,
                Ok(Some(count)) => Ok(count),
                Ok(None) if self.read_ended.load(Ordering::Acquire) => Ok(0),
                Ok(None) => Err(limit.error()),
                Err(error) if is_disconnection(&error) => {
                    self.end_reading();
                    Ok(0)
                }
                Err(error) => Err(error),
            };
        }
    }

    /// Makes all reads return the end of file, also those that are waiting.
    pub(super) fn end_reading(&self) {
        self.read_ended.store(true, Ordering::Release);
        self.read_wake.set();
    }
}
