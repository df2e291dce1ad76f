use super::{RecvHalf, SendHalf, connect};
use crate::{
    ConnectOptions, Name, PeerCreds,
    name::sealed::Sealed,
    os::{
        runtime,
        unix::{self as sync, address, peer, stream},
    },
    traits::{
        StreamCommon,
        tokio::{self as traits, ReuniteResult},
    },
};
use ::tokio::{io::ReadBuf, net::UnixStream};
use std::{
    io::{self, IoSlice},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net,
    },
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A connected Unix domain socket.
///
/// An owned stream reads and writes with the same system calls as tokio's own type. Through a
/// shared reference, a read or write that would block takes one more system call.
#[derive(Debug)]
pub struct Stream {
    socket: UnixStream,
}

impl Stream {
    /// Returns two connected sockets without a name (`socketpair(2)`).
    ///
    /// # Errors
    /// `Other` outside a tokio runtime. `EMFILE` or `ENFILE` if too many files are open, or another
    /// error of `socketpair(2)`.
    pub fn pair() -> io::Result<(Self, Self)> {
        runtime::required()?;
        UnixStream::pair().map(|(one, other)| (one.into(), other.into()))
    }

    /// Returns the socket as tokio's type.
    #[must_use]
    pub fn inner(&self) -> &UnixStream {
        &self.socket
    }

    /// Returns the socket as tokio's type.
    pub fn inner_mut(&mut self) -> &mut UnixStream {
        &mut self.socket
    }
}

impl Sealed for Stream {}
impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    fn split(self) -> (RecvHalf, SendHalf) {
        let (rh, sh) = self.socket.into_split();
        (rh.into(), sh.into())
    }
    fn reunite(rh: RecvHalf, sh: SendHalf) -> ReuniteResult<Self> {
        rh.into_tokio()
            .reunite(sh.into_tokio())
            .map(Self::from)
            .map_err(|error| crate::error::ReuniteError { rh: error.0.into(), sh: error.1.into() })
    }
    async fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        connect::connect(options).await
    }
}

impl StreamCommon for Stream {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }
    fn peer_creds(&self) -> io::Result<PeerCreds> {
        peer::credentials(self.as_fd())
    }
    fn peer_hung_up(&self) -> io::Result<bool> {
        stream::peer_hung_up(self.as_fd())
    }
    fn local_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(address::name_of(&self.socket.local_addr()?.into()))
    }
    fn peer_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(address::name_of(&self.socket.peer_addr()?.into()))
    }
}

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
        self.poll_write_with(cx, || self.0.try_write_vectored(bufs))
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
        Poll::Ready(Ok(rustix::net::shutdown(self.0, rustix::net::Shutdown::Write)?))
    }
}

delegate! {
    impl AsyncRead for &Stream, via |stream| SharedSocket(&stream.socket);
    impl AsyncRead for Stream, via |stream| Pin::new(&mut stream.socket);
    impl AsyncWrite for &Stream, via |stream| SharedSocket(&stream.socket);
    impl AsyncWrite for Stream, via |stream| Pin::new(&mut stream.socket);
}

impl From<UnixStream> for Stream {
    fn from(socket: UnixStream) -> Self {
        Self { socket }
    }
}

impl From<Stream> for UnixStream {
    fn from(stream: Stream) -> Self {
        stream.socket
    }
}

/// The socket becomes non-blocking. The errors are `Other` outside a tokio runtime, and those of
/// `ioctl(2)` and `epoll_ctl(2)`.
impl TryFrom<net::UnixStream> for Stream {
    type Error = io::Error;
    fn try_from(socket: net::UnixStream) -> io::Result<Self> {
        runtime::required()?;
        socket.set_nonblocking(true)?;
        UnixStream::from_std(socket).map(Self::from)
    }
}

/// Like `TryFrom<UnixStream>`.
impl TryFrom<OwnedFd> for Stream {
    type Error = io::Error;
    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        net::UnixStream::from(fd).try_into()
    }
}

/// Like `TryFrom<UnixStream>`.
impl TryFrom<sync::Stream> for Stream {
    type Error = io::Error;
    fn try_from(stream: sync::Stream) -> io::Result<Self> {
        net::UnixStream::from(stream).try_into()
    }
}

/// The socket is non-blocking.
impl TryFrom<Stream> for OwnedFd {
    type Error = io::Error;
    fn try_from(stream: Stream) -> io::Result<Self> {
        stream.socket.into_std().map(Self::from)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
