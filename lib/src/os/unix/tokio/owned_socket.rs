use super::shared_socket::SharedDirection;
use ::tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{UnixStream, unix::OwnedWriteHalf},
};
use std::{
    io::{self, IoSlice},
    os::fd::AsFd as _,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A type of tokio that owns a socket.
pub(super) trait OwnedSocket: Unpin {
    fn socket(&self) -> &UnixStream;
}

impl OwnedSocket for UnixStream {
    fn socket(&self) -> &UnixStream {
        self
    }
}

impl OwnedSocket for OwnedWriteHalf {
    fn socket(&self) -> &UnixStream {
        self.as_ref()
    }
}

/// Reads as tokio does, and remembers that the peer has closed without reading everything.
#[derive(Debug)]
pub(super) struct OwnedReader<'a, S>(pub(super) &'a mut S, pub(super) &'a SharedDirection);

impl<S: AsyncRead + Unpin> OwnedReader<'_, S> {
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buf).map(|result| self.1.reset.note(result))
    }
}

/// Writes one buffer as tokio does, which saves a call after a partial write. Writing several
/// buffers and shutting down differ from tokio's type.
#[derive(Debug)]
pub(super) struct OwnedWriter<'a, S>(pub(super) &'a mut S, pub(super) &'a SharedDirection);

impl<S: OwnedSocket + AsyncWrite> OwnedWriter<'_, S> {
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.1.check_open()?;
        let written = Pin::new(&mut *self.0).poll_write(cx, buf);
        written.map(|result| self.1.reset.note_written(buf.len(), result))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.1.check_open()?;
        let socket = self.0.socket();
        loop {
            ready!(socket.poll_write_ready(cx))?;
            let send = || self.1.reset.send_vectored(socket.as_fd(), bufs);
            match socket.try_io(Interest::WRITABLE, send) {
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
        Poll::Ready(self.1.shut_down_sending(self.0.socket()))
    }
}
