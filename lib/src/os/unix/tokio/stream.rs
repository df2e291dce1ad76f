use super::{
    connect,
    owned_socket::{OwnedReader, OwnedWriter},
    shared_socket::{SharedDirection, SharedReader, SharedWriter},
};
use crate::{
    ConnectOptions, Name, PeerCreds,
    name::sealed::Sealed,
    os::{
        runtime,
        unix::{
            self as sync, address,
            drain::{Draining, PeerReset},
            peer, stream, sys,
        },
    },
    traits::{
        StreamCommon,
        tokio::{self as traits, ReuniteResult},
    },
};
use ::tokio::net::{
    UnixStream,
    unix::{OwnedReadHalf, OwnedWriteHalf},
};
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net,
    },
    time::Duration,
};

/// A connected Unix domain socket.
///
/// An owned stream reads and writes with the same system calls as tokio's own type. Through a
/// shared reference, a read or write that would block takes one more system call.
#[derive(Debug)]
pub struct Stream {
    socket: UnixStream,
    receiving: SharedDirection,
    sending: SharedDirection,
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

    pub(super) fn receiving_reset(&self) -> &PeerReset {
        &self.receiving.reset
    }

    pub(super) fn sending_reset(&self) -> &PeerReset {
        &self.sending.reset
    }
}

impl Sealed for Stream {}
impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    async fn drain(&self, deadline: Duration) -> io::Result<()> {
        runtime::required()?;
        let mut draining = Draining::within(deadline);
        let resets = [self.receiving_reset(), self.sending_reset()];
        while let Some(pause) = draining.next_pause(self.as_fd(), &resets)? {
            connect::sleep(pause).await?;
        }
        Ok(())
    }
    fn split(self) -> (RecvHalf, SendHalf) {
        let Self { socket, receiving, sending } = self;
        let (rh, sh) = socket.into_split();
        (RecvHalf { half: rh, receiving }, SendHalf { half: Some(sh), sending })
    }
    fn reunite(rh: RecvHalf, mut sh: SendHalf) -> ReuniteResult<Self> {
        let RecvHalf { half, receiving } = rh;
        let sending = std::mem::take(&mut sh.sending);
        match half.reunite(sh.into_tokio()) {
            Ok(socket) => Ok(Self { socket, receiving, sending }),
            Err(error) => Err(crate::error::ReuniteError {
                rh: RecvHalf { half: error.0, receiving },
                sh: SendHalf { half: Some(error.1), sending },
            }),
        }
    }
    async fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        connect::connect(options).await
    }
}

impl StreamCommon for Stream {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.receiving.reset.note_taken(self.socket.take_error())
    }
    fn peer_creds(&self) -> io::Result<PeerCreds> {
        peer::credentials(self.as_fd())
    }
    fn peer_creds_with_groups(&self) -> io::Result<PeerCreds> {
        peer::credentials_with_groups(self.as_fd())
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

delegate! {
    impl AsFd for Stream, via |stream| stream.socket;
    impl AsyncRead for &Stream, via |stream| SharedReader(&stream.socket, &stream.receiving);
    impl AsyncRead for Stream, via |stream| OwnedReader(&mut stream.socket, &stream.receiving);
    impl AsyncWrite for &Stream, via |stream| SharedWriter(&stream.socket, &stream.sending);
    impl AsyncWrite for Stream, via |stream| OwnedWriter(&mut stream.socket, &stream.sending);
}

impl From<UnixStream> for Stream {
    fn from(socket: UnixStream) -> Self {
        sys::prevent_signal_if_possible(&socket);
        Self { socket, receiving: SharedDirection::default(), sending: SharedDirection::default() }
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
        let reset = stream.reset().clone();
        let mut stream: Self = net::UnixStream::from(stream).try_into()?;
        stream.sending.reset = reset;
        Ok(stream)
    }
}

/// The socket is non-blocking.
impl TryFrom<Stream> for OwnedFd {
    type Error = io::Error;
    fn try_from(stream: Stream) -> io::Result<Self> {
        stream.socket.into_std().map(Self::from)
    }
}

/// The receiving half of a [`Stream`].
#[derive(Debug)]
pub struct RecvHalf {
    half: OwnedReadHalf,
    receiving: SharedDirection,
}

/// The sending half of a [`Stream`].
///
/// Dropping it does not shut down its direction, as dropping tokio's type does.
#[derive(Debug)]
pub struct SendHalf {
    /// `None` only while this is dropped or converted.
    half: Option<OwnedWriteHalf>,
    sending: SharedDirection,
}

impl RecvHalf {
    /// Returns the half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedReadHalf {
        &self.half
    }

    /// Returns the half as tokio's type.
    #[must_use]
    pub fn into_tokio(self) -> OwnedReadHalf {
        self.half
    }

    fn socket(&self) -> &UnixStream {
        self.half.as_ref()
    }
}

impl SendHalf {
    /// Returns the half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedWriteHalf {
        match &self.half {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    /// Returns the half as tokio's type, which shuts down its direction when it is dropped.
    #[must_use]
    pub fn into_tokio(mut self) -> OwnedWriteHalf {
        match self.half.take() {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    fn owned_writer(&mut self) -> OwnedWriter<'_, OwnedWriteHalf> {
        match &mut self.half {
            Some(half) => OwnedWriter(half, &self.sending),
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
        Self { half, receiving: SharedDirection::default() }
    }
}

impl From<OwnedWriteHalf> for SendHalf {
    fn from(half: OwnedWriteHalf) -> Self {
        sys::prevent_signal_if_possible(half.as_ref());
        Self { half: Some(half), sending: SharedDirection::default() }
    }
}

impl Sealed for RecvHalf {}
impl Sealed for SendHalf {}

delegate! {
    impl RecvHalf for RecvHalf, of Stream;
    impl SendHalf for SendHalf, of Stream;
    impl AsFd for RecvHalf, via |half| half.socket();
    impl AsFd for SendHalf, via |half| half.socket();
    impl AsyncRead for &RecvHalf, via |half| SharedReader(half.socket(), &half.receiving);
    impl AsyncRead for RecvHalf, via |half| OwnedReader(&mut half.half, &half.receiving);
    impl AsyncWrite for &SendHalf, via |half| SharedWriter(half.socket(), &half.sending);
    impl AsyncWrite for SendHalf, via |half| half.owned_writer();
}
