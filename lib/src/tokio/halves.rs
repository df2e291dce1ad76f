use super::Stream;
use crate::{name::sealed::Sealed, os::imp::tokio as imp, traits::tokio as traits};
use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

/// The receiving half of a [`Stream`].
///
/// [`split`](crate::traits::tokio::Stream::split) creates it. Dropping it does not shut down
/// the receiving direction.
#[derive(Debug)]
pub enum RecvHalf {
    /// Half of a named pipe.
    #[cfg(windows)]
    NamedPipe(imp::RecvHalf),
    /// Half of a Unix domain socket.
    #[cfg(unix)]
    UdSocket(imp::RecvHalf),
}

/// The sending half of a [`Stream`].
///
/// [`split`](crate::traits::tokio::Stream::split) creates it. Dropping it does not shut down
/// the sending direction; `AsyncWriteExt::shutdown` does.
#[derive(Debug)]
pub enum SendHalf {
    /// Half of a named pipe.
    #[cfg(windows)]
    NamedPipe(imp::SendHalf),
    /// Half of a Unix domain socket.
    #[cfg(unix)]
    UdSocket(imp::SendHalf),
}

impl RecvHalf {
    fn imp(&self) -> &imp::RecvHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }

    fn imp_mut(&mut self) -> &mut imp::RecvHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }

    pub(super) fn into_imp(self) -> imp::RecvHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }
}

impl From<imp::RecvHalf> for RecvHalf {
    fn from(half: imp::RecvHalf) -> Self {
        #[cfg(windows)]
        return Self::NamedPipe(half);
        #[cfg(unix)]
        Self::UdSocket(half)
    }
}

impl Sealed for RecvHalf {}
impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
}

impl AsyncRead for &RecvHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.imp()).poll_read(cx, buf)
    }
}

impl AsyncRead for RecvHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().imp_mut()).poll_read(cx, buf)
    }
}

impl SendHalf {
    fn imp(&self) -> &imp::SendHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }

    fn imp_mut(&mut self) -> &mut imp::SendHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }

    pub(super) fn into_imp(self) -> imp::SendHalf {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(half) => half,
            #[cfg(unix)]
            Self::UdSocket(half) => half,
        }
    }
}

impl From<imp::SendHalf> for SendHalf {
    fn from(half: imp::SendHalf) -> Self {
        #[cfg(windows)]
        return Self::NamedPipe(half);
        #[cfg(unix)]
        Self::UdSocket(half)
    }
}

impl Sealed for SendHalf {}
impl traits::SendHalf for SendHalf {
    type Stream = Stream;
}

impl AsyncWrite for &SendHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.imp()).poll_write(cx, buf)
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.imp()).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.imp().is_write_vectored()
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.imp()).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.imp()).poll_shutdown(cx)
    }
}

impl AsyncWrite for SendHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.get_mut().imp_mut()).poll_write(cx, buf)
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.get_mut().imp_mut()).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.imp().is_write_vectored()
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().imp_mut()).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().imp_mut()).poll_shutdown(cx)
    }
}
