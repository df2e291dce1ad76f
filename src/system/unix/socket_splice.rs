//! The steps by which bytes pass through a socket of an event loop within the kernel (`splice(2)`).

use super::{
    kernel_pipe::KernelPipe,
    socket::{Socket, would_block},
};
use std::{
    io,
    task::{Context, Poll, ready},
};

/// The number of bytes that can be spliced from a socket.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Spliceable {
    most: usize,
    /// Whether these are all bytes that the socket had.
    is_all: bool,
}

impl Socket {
    /// Waits until there is something to read. Returns how much of it can be spliced, at most
    /// `most`, or `None` if it must be read.
    pub(crate) fn poll_spliceable(
        &mut self,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<io::Result<Option<Spliceable>>> {
        ready!(self.poll_read_ready(cx))?;
        if !self.is_local {
            // splice(2) does not get past urgent data of TCP: it fails with EAGAIN.
            if self.has_urgent() {
                return Poll::Ready(Ok(None));
            }
            return Poll::Ready(Ok(Some(Spliceable { most, is_all: false })));
        }
        let Self { watched, splice_guard, .. } = self;
        let fd = watched.fd()?;
        // Of what arrives between the two calls, the bytes are not counted, but descriptors are seen.
        let waiting = rustix::io::ioctl_fionread(fd)?;
        let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
        if waiting == 0 || !splice_guard.has_none(fd, true) {
            return Poll::Ready(Ok(None));
        }
        Poll::Ready(Ok(Some(Spliceable { most: waiting.min(most), is_all: waiting <= most })))
    }

    /// Moves at most `size` bytes from the socket into the empty pipe, within the kernel.
    pub(crate) fn poll_splice_in(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
        size: Spliceable,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.watched.poll_read_ready(cx))?;
            let result = self.try_input(|fd| {
                let moved = pipe.fill(fd, size.most)?;
                Ok((moved, size.is_all && moved == size.most))
            });
            if !would_block(&result) {
                return Poll::Ready(result);
            }
        }
    }

    /// Moves bytes from the pipe into the socket, within the kernel.
    pub(crate) fn poll_splice_out(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
    ) -> Poll<io::Result<usize>> {
        self.poll_try(cx, |fd| pipe.drain(fd))
    }
}
