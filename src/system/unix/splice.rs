use super::super::{Input, Output};
use local_socket::{Stream, traits::Stream as _};
use rustix::{
    event::{PollFd, PollFlags},
    fs::{FileType, fstat},
    io::Errno,
    pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, splice},
};
use std::{io, os::fd::AsFd};

/// Moves bytes between a pipe and a socket within the kernel (`splice(2)`).
#[derive(Debug)]
pub(crate) struct Splicer {
    size: usize,
}

/// What is moved at most by one call, and the size that pipes are grown to.
const SIZE: usize = 1 << 20;

impl Splicer {
    /// For sending from the input, if it is a pipe.
    ///
    /// The stream becomes non-blocking: while splice(2) waits for it, it holds the lock
    /// of the pipe, and who writes to the pipe hangs even if the pipe is not full and not
    /// blocking. Whether splice(2) waits for a socket is up to the socket alone.
    pub(crate) fn sending(input: &Input, stream: &Stream, size: Option<usize>) -> Option<Self> {
        let splicer = Self::new(input, size)?;
        stream.set_nonblocking(true).ok()?;
        Some(splicer)
    }

    /// For receiving into the output, if it is a pipe.
    pub(crate) fn receiving(output: &Output, size: Option<usize>) -> Option<Self> {
        Self::new(output, size)
    }

    fn new(pipe: &impl AsFd, size: Option<usize>) -> Option<Self> {
        let mode = fstat(pipe).ok()?.st_mode;
        if FileType::from_raw_mode(mode) != FileType::Fifo {
            return None;
        }
        let size = size.unwrap_or(SIZE);
        // More than the user's limit is refused (pipe(7)); then it stays as it is.
        if fcntl_getpipe_size(pipe).is_ok_and(|now| now < size) {
            let _ = fcntl_setpipe_size(pipe, size);
        }
        Some(Self { size })
    }

    pub(crate) fn send(&self, input: &Input, stream: &Stream, most: usize) -> io::Result<usize> {
        self.step(input, stream, most)
    }

    pub(crate) fn receive(&self, stream: &Stream, output: &Output) -> io::Result<usize> {
        self.step(stream, output, usize::MAX)
    }

    fn step(&self, from: &impl AsFd, to: &impl AsFd, most: usize) -> io::Result<usize> {
        let size = self.size.min(most);
        loop {
            match splice(from, None, to, None, size, SpliceFlags::MOVE) {
                Err(Errno::AGAIN) => {
                    super::wait(&mut [PollFd::new(to, PollFlags::OUT)], None)?;
                    super::wait(&mut [PollFd::new(from, PollFlags::IN)], None)?;
                }
                Err(Errno::INTR) => {}
                result => return result.map_err(io::Error::from),
            }
        }
    }
}
