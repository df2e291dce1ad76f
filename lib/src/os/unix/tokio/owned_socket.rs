use super::shared_socket::SharedSocket;
use crate::os::unix::drain::PeerReset;
use ::tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
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

impl OwnedSocket for OwnedReadHalf {
    fn socket(&self) -> &UnixStream {
        self.as_ref()
    }
}

impl OwnedSocket for OwnedWriteHalf {
    fn socket(&self) -> &UnixStream {
        self.as_ref()
    }
}

/// Reads as tokio does, and remembers that the peer has closed without reading everything.
#[derive(Debug)]
pub(super) struct OwnedReader<'a, S>(pub(super) &'a mut S, pub(super) &'a PeerReset);

impl<S: OwnedSocket + AsyncRead> OwnedReader<'_, S> {
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buf).map(|result| self.1.note(result))
    }
}

/// Writes one buffer as tokio does, which saves a call after a partial write. Writing several
/// buffers and shutting down differ from tokio's type.
#[derive(Debug)]
pub(super) struct OwnedWriter<'a, S>(pub(super) &'a mut S);

impl<S: OwnedSocket + AsyncWrite> OwnedWriter<'_, S> {
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, buf)
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        SharedSocket(self.0.socket()).poll_write_vectored(cx, bufs)
    }

    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        SharedSocket(self.0.socket()).poll_flush(cx)
    }

    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        SharedSocket(self.0.socket()).poll_shutdown(cx)
    }
}

/// Reads through a shared reference, and remembers the same.
#[derive(Debug)]
pub(super) struct SharedReader<'a>(pub(super) &'a UnixStream, pub(super) &'a PeerReset);

impl SharedReader<'_> {
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        SharedSocket(self.0).poll_read(cx, buf).map(|result| self.1.note(result))
    }
}
