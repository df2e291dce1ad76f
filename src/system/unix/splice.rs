use super::{
    super::{Input, Output},
    splice_guard::SpliceGuard,
};
use local_socket::{Stream, traits::Stream as _};
use rustix::{
    event::PollFlags,
    fs::{FileType, fstat},
    io::{Errno, ioctl_fionread, retry_on_intr},
    pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, splice},
};
use std::{io, os::fd::AsFd};

/// Moves bytes between a pipe and a socket within the kernel (`splice(2)`).
///
/// The stream becomes non-blocking. While `splice(2)` waits for a socket, it holds the lock of the
/// pipe, and the process at the other end of the pipe hangs, even if the pipe is non-blocking and
/// ready. Only the socket decides whether `splice(2)` waits for it.
#[derive(Debug)]
pub(crate) struct Splicer {
    size: usize,
    /// Whether the last call moved a large piece, so that more is expected.
    is_bulk: bool,
    /// Whether the pipe has been enlarged.
    is_grown: bool,
    /// Minimum number of bytes that are spliced from the stream, unless the last piece was large.
    smallest: usize,
    /// Keeps descriptors that come with the bytes of the stream from being lost.
    guard: SpliceGuard,
}

/// Maximum number of bytes of one call, and the size to which pipes are enlarged.
const SIZE: usize = 1 << 20;

/// Minimum number of bytes of a large piece.
const BULK: usize = 64 << 10;

/// Minimum number of bytes for which splicing takes less time than reading and writing.
const SMALLEST: usize = 16 << 10;

impl Splicer {
    /// Prepares to send from the input. Returns `None` if the input is not a pipe.
    pub(crate) fn sending(input: &Input, stream: &Stream, size: Option<usize>) -> Option<Self> {
        Self::new(input, stream, size)
    }

    /// Prepares to receive into the output. Small pieces are left to be read, unless `always`: that
    /// takes fewer system calls. Returns `None` if the output is not a pipe.
    pub(crate) fn receiving(
        stream: &Stream,
        output: &Output,
        size: Option<usize>,
        always: bool,
    ) -> Option<Self> {
        let splicer = Self::new(output, stream, size)?;
        Some(Self { smallest: if always { 1 } else { SMALLEST }, ..splicer })
    }

    fn new(pipe: &impl AsFd, stream: &Stream, size: Option<usize>) -> Option<Self> {
        let mode = fstat(pipe).ok()?.st_mode;
        if FileType::from_raw_mode(mode) != FileType::Fifo {
            return None;
        }
        stream.set_nonblocking(true).ok()?;
        let (size, guard) = (size.unwrap_or(SIZE), SpliceGuard::default());
        Some(Self { size, is_bulk: false, is_grown: false, smallest: 1, guard })
    }

    /// Enlarges the pipe to the size of a call after the first large piece.
    fn grow(&mut self, pipe: &impl AsFd) {
        if !self.is_bulk || self.is_grown {
            return;
        }
        self.is_grown = true;
        // It fails above the limit of the user (`pipe(7)`), and leaves the size as it is.
        if fcntl_getpipe_size(pipe).is_ok_and(|now| now < self.size) {
            let _ = fcntl_setpipe_size(pipe, self.size);
        }
    }

    /// Sends at most `most` bytes. Waits while the stream is full.
    pub(crate) fn send(
        &mut self,
        input: &Input,
        stream: &Stream,
        most: usize,
    ) -> io::Result<usize> {
        self.grow(input);
        let mut is_full = self.is_bulk;
        loop {
            // After a large piece the stream is probably full.
            if is_full {
                super::wait_for(stream, PollFlags::OUT)?;
            }
            match self.step(input, stream, most) {
                Err(Errno::AGAIN) if is_full => super::wait_for(input, PollFlags::IN)?,
                Err(Errno::AGAIN) => is_full = true,
                result => return result.map_err(io::Error::from),
            }
        }
    }

    /// Receives the bytes that have arrived. Returns `None` if they must be read: they are few,
    /// descriptors come with them, or it is the end of file.
    ///
    /// # Errors
    /// `WouldBlock` if nothing has arrived after a large piece, or another error of `splice(2)`.
    pub(crate) fn receive(
        &mut self,
        stream: &Stream,
        output: &Output,
    ) -> io::Result<Option<usize>> {
        self.grow(output);
        // Of what arrives between the two calls, the bytes are not counted, but descriptors are seen.
        let waiting = usize::try_from(ioctl_fionread(stream)?).unwrap_or(usize::MAX);
        let is_small = waiting < self.smallest && !self.is_bulk;
        if waiting == 0 || is_small || !self.guard.has_none(stream.as_fd(), self.is_bulk) {
            let is_early = waiting == 0 && self.is_bulk;
            self.is_bulk = false;
            return if is_early { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(None) };
        }
        let result = self.step(stream, output, waiting);
        if result == Err(Errno::AGAIN) {
            self.is_bulk = false;
            // Another program has made the output non-blocking.
            super::wait_for(output, PollFlags::OUT)?;
        }
        result.map(Some).map_err(io::Error::from)
    }

    /// Returns whether the last call moved a large piece.
    pub(crate) fn is_bulk(&self) -> bool {
        self.is_bulk
    }

    fn step(&mut self, from: &impl AsFd, to: &impl AsFd, most: usize) -> Result<usize, Errno> {
        let size = self.size.min(most);
        let moved = retry_on_intr(|| splice(from, None, to, None, size, SpliceFlags::MOVE))?;
        self.is_bulk = moved >= BULK;
        Ok(moved)
    }
}
