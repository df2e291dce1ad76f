use super::{RecvHalf, SendHalf};
use crate::{
    ConnectOptions, Name, PeerCreds,
    name::sealed::Sealed,
    os::imp::tokio as imp,
    traits::{StreamCommon, tokio as traits},
};
use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

/// A connection that is registered with tokio's event loop: a byte stream in both directions
/// between two processes.
///
/// Its methods are those of [`traits::tokio::Stream`](crate::traits::tokio::Stream) and
/// [`traits::StreamCommon`](crate::traits::StreamCommon).
///
/// ```
/// use local_socket::tokio::Stream;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (mut client, mut server) = Stream::pair()?;
/// client.write_all(b"question").await?;
/// client.shutdown().await?;
///
/// let mut text = String::new();
/// server.read_to_string(&mut text).await?; // reads to the end of file
/// server.write_all(b"answer").await?; // the other direction is still open
/// drop(server);
///
/// client.read_to_string(&mut text).await?;
/// assert_eq!(text, "questionanswer");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub enum Stream {
    /// A named pipe.
    #[cfg(windows)]
    NamedPipe(imp::Stream),
    /// A Unix domain socket.
    #[cfg(unix)]
    UdSocket(imp::Stream),
}

impl Stream {
    /// Creates two streams that are connected to each other. They have no name.
    ///
    /// # Errors
    /// `Other` outside a tokio runtime. An error of `socketpair(2)` (Unix) or of
    /// `CreateNamedPipeW` and `CreateFileW` (Windows), usually because the process has no
    /// descriptors or handles left.
    ///
    /// # Panics
    /// On Unix in a runtime without its I/O driver (`enable_io`).
    pub fn pair() -> io::Result<(Self, Self)> {
        imp::Stream::pair().map(|(one, other)| (one.into(), other.into()))
    }

    fn imp(&self) -> &imp::Stream {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(stream) => stream,
            #[cfg(unix)]
            Self::UdSocket(stream) => stream,
        }
    }

    fn imp_mut(&mut self) -> &mut imp::Stream {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(stream) => stream,
            #[cfg(unix)]
            Self::UdSocket(stream) => stream,
        }
    }

    fn into_imp(self) -> imp::Stream {
        match self {
            #[cfg(windows)]
            Self::NamedPipe(stream) => stream,
            #[cfg(unix)]
            Self::UdSocket(stream) => stream,
        }
    }
}

impl From<imp::Stream> for Stream {
    fn from(stream: imp::Stream) -> Self {
        #[cfg(windows)]
        return Self::NamedPipe(stream);
        #[cfg(unix)]
        Self::UdSocket(stream)
    }
}

impl Sealed for Stream {}
impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    fn split(self) -> (RecvHalf, SendHalf) {
        let (rh, sh) = self.into_imp().split();
        (rh.into(), sh.into())
    }
    fn reunite(rh: RecvHalf, sh: SendHalf) -> traits::ReuniteResult<Self> {
        imp::Stream::reunite(rh.into_imp(), sh.into_imp())
            .map(Self::from)
            .map_err(crate::error::ReuniteError::convert_halves)
    }
    async fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        imp::Stream::from_options(options).await.map(Self::from)
    }
}

impl StreamCommon for Stream {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.imp().take_error()
    }
    fn peer_creds(&self) -> io::Result<PeerCreds> {
        self.imp().peer_creds()
    }
    fn peer_hung_up(&self) -> io::Result<bool> {
        self.imp().peer_hung_up()
    }
    fn local_name(&self) -> io::Result<Option<Name<'static>>> {
        self.imp().local_name()
    }
    fn peer_name(&self) -> io::Result<Option<Name<'static>>> {
        self.imp().peer_name()
    }
}

impl AsyncRead for &Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.imp()).poll_read(cx, buf)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().imp_mut()).poll_read(cx, buf)
    }
}

impl AsyncWrite for &Stream {
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

impl AsyncWrite for Stream {
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
