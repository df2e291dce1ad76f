//! What a direction reads from and writes to in an event loop.

use crate::system::{Descriptors, KernelPipe, Socket};
use std::{
    io::{self, ErrorKind},
    task::{Context, Poll, ready},
};

/// What a direction reads from.
pub(crate) trait TaskSource {
    /// Waits until there may be something to read, so that no buffer is taken for nothing. Is ready
    /// where only a read can tell.
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Reads available bytes; 0 is the end of file.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>>;

    /// Splices at most `piece` available bytes into a pipe. Returns `None` if they must be read.
    fn poll_splice(
        &mut self,
        _: &mut Context<'_>,
        _piece: usize,
    ) -> Poll<io::Result<Option<(KernelPipe, usize)>>> {
        Poll::Ready(Ok(None))
    }

    /// Stops watching for input, also for urgent data and its end, until the next read has to wait.
    fn rest(&mut self) {}

    /// Makes writes of the sender fail.
    fn stop_reading(&mut self) {}
}

/// What a direction writes to.
pub(crate) trait TaskSink {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>>;

    /// Writes spliced bytes.
    fn poll_splice(&mut self, _: &mut Context<'_>, _: &mut KernelPipe) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(ErrorKind::Unsupported.into()))
    }

    /// Sends the end of file.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Stops watching for writability, until the next write has to wait.
    fn rest(&mut self, _: &mut Context<'_>) {}
}

impl TaskSource for Socket {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_readable(self, cx)
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        Self::poll_read(self, cx, buffer, descriptors)
    }

    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        piece: usize,
    ) -> Poll<io::Result<Option<(KernelPipe, usize)>>> {
        let Some(size) = ready!(self.poll_spliceable(cx, piece))? else {
            return Poll::Ready(Ok(None));
        };
        let Some(mut pipe) = KernelPipe::take() else { return Poll::Ready(Ok(None)) };
        let moved = ready!(self.poll_splice_in(cx, &mut pipe, size))?;
        // 0 bytes are the end of file, or urgent data of TCP before it: a read tells which.
        Poll::Ready(Ok((moved > 0).then_some((pipe, moved))))
    }

    fn rest(&mut self) {
        self.rest_reading();
    }

    fn stop_reading(&mut self) {
        Self::stop_reading(self);
    }
}

impl TaskSink for Socket {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        Self::poll_write(self, cx, bytes, descriptors)
    }

    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
    ) -> Poll<io::Result<usize>> {
        self.poll_splice_out(cx, pipe)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_shutdown(self, cx)
    }

    fn rest(&mut self, cx: &mut Context<'_>) {
        self.rest_writing(cx);
    }
}
