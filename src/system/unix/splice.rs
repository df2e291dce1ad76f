use super::{
    super::{Descriptors, Input, Output},
    descriptors::waiting::Info,
};
use local_socket::{Stream, traits::Stream as _};
use rustix::{
    event::{PollFd, PollFlags},
    fs::{FileType, fstat},
    io::{Errno, ioctl_fionread},
    pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, splice},
};
use std::{io, os::fd::AsFd};

/// Moves bytes between a pipe and a socket within the kernel (`splice(2)`).
///
/// The stream becomes non-blocking: while splice(2) waits for it, it holds the lock of the
/// pipe, and whoever is at the pipe's other end hangs even if the pipe is not blocking and
/// has room, or something to read. Whether splice(2) waits for a socket is up to the socket
/// alone.
#[derive(Debug)]
pub(crate) struct Splicer {
    size: usize,
    /// The last call moved so much that it is not worth asking for a little.
    is_bulk: bool,
    /// The pipe is as large as it can be.
    is_grown: bool,
    /// Tells whether descriptors wait in the stream that is received from.
    info: Option<Info>,
}

/// What is moved at most by one call, and the size that pipes are grown to.
const SIZE: usize = 1 << 20;

/// What a call has to move to be taken for a part of something large.
const BULK: usize = 64 << 10;

impl Splicer {
    /// For sending from the input, if it is a pipe.
    pub(crate) fn sending(input: &Input, stream: &Stream, size: Option<usize>) -> Option<Self> {
        Self::new(input, stream, size)
    }

    /// For receiving into the output, if it is a pipe.
    pub(crate) fn receiving(stream: &Stream, output: &Output, size: Option<usize>) -> Option<Self> {
        let splicer = Self::new(output, stream, size)?;
        Some(Self { info: Info::of(stream.as_fd()), ..splicer })
    }

    fn new(pipe: &impl AsFd, stream: &Stream, size: Option<usize>) -> Option<Self> {
        let mode = fstat(pipe).ok()?.st_mode;
        if FileType::from_raw_mode(mode) != FileType::Fifo {
            return None;
        }
        stream.set_nonblocking(true).ok()?;
        Some(Self { size: size.unwrap_or(SIZE), is_bulk: false, is_grown: false, info: None })
    }

    /// Makes the pipe as large as what is moved at a time, once there is much to move.
    fn grow(&mut self, pipe: &impl AsFd) {
        if !self.is_bulk || self.is_grown {
            return;
        }
        self.is_grown = true;
        // More than the user's limit is refused (pipe(7)); then it stays as it is.
        if fcntl_getpipe_size(pipe).is_ok_and(|now| now < self.size) {
            let _ = fcntl_setpipe_size(pipe, self.size);
        }
    }

    /// Moves at most so much, waiting for the stream as long as it is full.
    pub(crate) fn send(
        &mut self,
        input: &Input,
        stream: &Stream,
        most: usize,
    ) -> io::Result<usize> {
        self.grow(input);
        let mut is_full = self.is_bulk;
        loop {
            // After a large piece the stream is full in all likelihood.
            if is_full {
                wait_for(stream, PollFlags::OUT)?;
            }
            match self.step(input, stream, most) {
                Err(Errno::AGAIN) if is_full => wait_for(input, PollFlags::IN)?,
                Err(Errno::AGAIN) => is_full = true,
                result => return result.map_err(io::Error::from),
            }
        }
    }

    /// Moves what is there to be received; `WouldBlock` if that is nothing while more of
    /// something large is expected. `None` if what is there is to be read instead: descriptors
    /// come with it, or it is the end.
    pub(crate) fn receive(
        &mut self,
        stream: &Stream,
        output: &Output,
    ) -> io::Result<Option<usize>> {
        self.grow(output);
        let are_none = || self.info.as_ref().is_some_and(Info::are_none);
        let Some(most) = Descriptors::without_if(stream.as_fd(), are_none) else {
            let is_empty = ioctl_fionread(stream).is_ok_and(|bytes| bytes == 0);
            let is_early = is_empty && self.is_bulk;
            self.is_bulk = false;
            return if is_early { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(None) };
        };
        let result = self.step(stream, output, most);
        if result == Err(Errno::AGAIN) {
            self.is_bulk = false;
            // For an output that somebody else has made non-blocking.
            wait_for(output, PollFlags::OUT)?;
        }
        result.map(Some).map_err(io::Error::from)
    }

    /// Whether more of something large is to be expected at once.
    pub(crate) fn is_bulk(&self) -> bool {
        self.is_bulk
    }

    fn step(&mut self, from: &impl AsFd, to: &impl AsFd, most: usize) -> Result<usize, Errno> {
        let size = self.size.min(most);
        loop {
            match splice(from, None, to, None, size, SpliceFlags::MOVE) {
                Err(Errno::INTR) => {}
                Ok(moved) => {
                    self.is_bulk = moved >= BULK;
                    return Ok(moved);
                }
                error => return error,
            }
        }
    }
}

fn wait_for(fd: &impl AsFd, event: PollFlags) -> io::Result<()> {
    super::wait(&mut [PollFd::new(fd, event)], None).map(|_| ())
}
