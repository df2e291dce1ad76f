use super::{
    Stream,
    stream::{poll_read, poll_write, shutdown},
};
use crate::{name::sealed::Sealed, traits::tokio as traits};
use ::tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use std::{
    io::{self, IoSlice},
    os::fd::{AsFd, BorrowedFd},
    pin::Pin,
    task::{Context, Poll},
};

/// The half of a [`Stream`] that receives.
#[derive(Debug)]
pub struct RecvHalf {
    half: OwnedReadHalf,
}

/// The half of a [`Stream`] that sends.
///
/// Dropping it does not end its direction, as it would with tokio's own.
#[derive(Debug)]
pub struct SendHalf {
    /// Until this is dropped or taken apart.
    half: Option<OwnedWriteHalf>,
}

impl RecvHalf {
    /// The half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedReadHalf {
        &self.half
    }

    /// The half as tokio's type.
    #[must_use]
    pub fn into_tokio(self) -> OwnedReadHalf {
        self.half
    }

    fn socket(&self) -> &UnixStream {
        self.half.as_ref()
    }
}

impl SendHalf {
    /// The half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedWriteHalf {
        match &self.half {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    /// The half as tokio's type, which ends its direction when it is dropped.
    #[must_use]
    pub fn into_tokio(mut self) -> OwnedWriteHalf {
        match self.half.take() {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    fn as_tokio_mut(&mut self) -> &mut OwnedWriteHalf {
        match &mut self.half {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    fn socket(&self) -> &UnixStream {
        self.as_tokio().as_ref()
    }
}

impl Drop for SendHalf {
    fn drop(&mut self) {
        if let Some(half) = self.half.take() {
            half.forget();
        }
    }
}

impl From<OwnedReadHalf> for RecvHalf {
    fn from(half: OwnedReadHalf) -> Self {
        Self { half }
    }
}

impl From<OwnedWriteHalf> for SendHalf {
    fn from(half: OwnedWriteHalf) -> Self {
        Self { half: Some(half) }
    }
}

impl Sealed for RecvHalf {}
impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
}

impl Sealed for SendHalf {}
impl traits::SendHalf for SendHalf {
    type Stream = Stream;
}

impl AsFd for RecvHalf {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsFd for SendHalf {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsyncRead for &RecvHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        poll_read(self.socket(), cx, buf)
    }
}

impl AsyncRead for RecvHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().half).poll_read(cx, buf)
    }
}

impl AsyncWrite for &SendHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll_write(self.socket(), cx, |socket| socket.try_write(buf))
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_write(self.socket(), cx, |socket| socket.try_write_vectored(bufs))
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shutdown(self.socket()))
    }
}

impl AsyncWrite for SendHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.get_mut().as_tokio_mut()).poll_write(cx, buf)
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.get_mut().as_tokio_mut()).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shutdown(self.socket()))
    }
}
