use crate::os::unix::sys;
use ::tokio::{
    io::{Interest, ReadBuf},
    net::UnixStream,
};
use std::{
    io::{self, IoSlice},
    net::Shutdown,
    os::fd::AsFd as _,
    task::{Context, Poll, ready},
};

/// Reads from and writes to a socket through a shared reference, for `&Stream` and the halves.
#[derive(Debug)]
pub(super) struct SharedSocket<'a>(pub(super) &'a UnixStream);

impl SharedSocket<'_> {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            match self.0.try_read(buf.initialize_unfilled()) {
                // Another task has read the data: wait again.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result.map(|len| buf.advance(len))),
            }
        }
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, || self.0.try_write(buf))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let send = || sys::send_vectored(self.0.as_fd(), bufs);
        self.poll_write_with(cx, || self.0.try_io(Interest::WRITABLE, send))
    }

    fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match write() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// Returns at once: a socket has no buffer in this process.
    #[expect(clippy::unused_self, reason = "as in `AsyncWrite`")]
    pub(super) fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(sys::shutdown(self.0.as_fd(), Shutdown::Write))
    }
}
