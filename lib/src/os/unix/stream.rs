use super::{
    address, connect,
    drain::{self, PeerReset},
    peer, sys,
};
use crate::{
    ConnectOptions, Name, PeerCreds, TryClone,
    error::ReuniteError,
    name::sealed::Sealed,
    traits::{self, ReuniteResult, Stream as _},
};
use rustix::event::PollFlags;
use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
    time::Duration,
};

/// A connected Unix domain socket.
#[derive(Debug)]
pub struct Stream {
    socket: UnixStream,
    reset: PeerReset,
}

impl Stream {
    /// Returns two connected sockets without a name (`socketpair(2)`).
    ///
    /// # Errors
    /// `EMFILE` or `ENFILE` if too many files are open, or another error of `socketpair(2)`.
    pub fn pair() -> io::Result<(Self, Self)> {
        UnixStream::pair().map(|(one, other)| (one.into(), other.into()))
    }

    /// Returns the socket as the type of the standard library.
    #[must_use]
    pub fn inner(&self) -> &UnixStream {
        &self.socket
    }

    /// Returns the socket as the type of the standard library.
    pub fn inner_mut(&mut self) -> &mut UnixStream {
        &mut self.socket
    }

    /// Returns a descriptor of the peer's process: the process that connected or listened, even if
    /// its number has been reused. The descriptor becomes readable when that process ends, and
    /// signals can be sent through it (`pidfd_send_signal(2)`). It is closed when this process
    /// executes another program.
    ///
    /// # Errors
    /// `Unsupported` on other systems than those below. Another error of `getsockopt(2)`: older
    /// kernels fail if the process has already ended.
    ///
    /// # Platform-specific behaviour
    /// Linux from 6.5 on, and Android with such a kernel (`SO_PEERPIDFD`).
    pub fn peer_pidfd(&self) -> io::Result<OwnedFd> {
        peer::pidfd(self.as_fd())
    }

    pub(super) fn reset(&self) -> &PeerReset {
        &self.reset
    }
}

impl Sealed for Stream {}
impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking)
    }
    fn set_recv_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(sys::within_clock(timeout))
    }
    fn set_send_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(sys::within_clock(timeout))
    }
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        sys::shutdown(self.as_fd(), how)
    }
    fn drain(&self, deadline: Duration) -> io::Result<()> {
        drain::drain(self.as_fd(), &self.reset, deadline)
    }
    fn split(self) -> (RecvHalf, SendHalf) {
        let stream = Arc::new(self);
        (RecvHalf { stream: Arc::clone(&stream) }, SendHalf { stream })
    }
    fn reunite(rh: RecvHalf, sh: SendHalf) -> ReuniteResult<Self> {
        let (receive, send) = (rh.into_arc(), sh.into_arc());
        if !Arc::ptr_eq(&receive, &send) {
            return Err(ReuniteError {
                rh: RecvHalf { stream: receive },
                sh: SendHalf { stream: send },
            });
        }
        drop(receive);
        Arc::try_unwrap(send).map_err(|stream| ReuniteError {
            rh: RecvHalf { stream: Arc::clone(&stream) },
            sh: SendHalf { stream },
        })
    }
    fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        connect::connect(options).map(Self::from)
    }
}

impl traits::StreamCommon for Stream {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.reset.note_taken(self.socket.take_error())
    }
    fn peer_creds(&self) -> io::Result<PeerCreds> {
        peer::credentials(self.as_fd())
    }
    fn peer_creds_with_groups(&self) -> io::Result<PeerCreds> {
        peer::credentials_with_groups(self.as_fd())
    }
    fn peer_hung_up(&self) -> io::Result<bool> {
        peer_hung_up(self.as_fd())
    }
    fn local_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(address::name_of(&self.socket.local_addr()?))
    }
    fn peer_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(address::name_of(&self.socket.peer_addr()?))
    }
}

/// Returns `true` if the peer has closed both directions.
pub(super) fn peer_hung_up(socket: BorrowedFd<'_>) -> io::Result<bool> {
    let events = sys::wait(socket, PollFlags::empty(), Duration::ZERO)?;
    Ok(events.intersects(PollFlags::HUP | PollFlags::ERR))
}

impl TryClone for Stream {
    fn try_clone(&self) -> io::Result<Self> {
        let socket = self.socket.try_clone()?;
        Ok(Self { socket, reset: self.reset.clone() })
    }
}

delegate! {
    impl AsFd for Stream, via |stream| stream.socket;
    impl Read for Stream, via |stream| Reader(stream);
    impl Write for Stream, via |stream| Writer(stream);
}

/// Reads from a stream.
struct Reader<'a>(&'a Stream);

impl Reader<'_> {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.reset.note((&self.0.socket).read(buf))
    }
    fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.reset.note((&self.0.socket).read_vectored(bufs))
    }
}

/// Writes to a stream. If the peer has closed, that is an error and no signal: the standard library
/// prevents the signal only in `write`.
struct Writer<'a>(&'a Stream);

impl Writer<'_> {
    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.reset.note_written(buf.len(), (&self.0.socket).write(buf))
    }
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.reset.send_vectored(self.0.as_fd(), bufs)
    }
    fn flush(&self) -> io::Result<()> {
        (&self.0.socket).flush()
    }
}

impl From<UnixStream> for Stream {
    fn from(socket: UnixStream) -> Self {
        sys::prevent_signal_if_possible(&socket);
        Self { socket, reset: PeerReset::default() }
    }
}

impl From<Stream> for UnixStream {
    fn from(stream: Stream) -> Self {
        stream.socket
    }
}

impl From<OwnedFd> for Stream {
    fn from(fd: OwnedFd) -> Self {
        UnixStream::from(fd).into()
    }
}

impl From<Stream> for OwnedFd {
    fn from(stream: Stream) -> Self {
        stream.socket.into()
    }
}

/// The receiving half of a [`Stream`].
#[derive(Clone, Debug)]
pub struct RecvHalf {
    stream: Arc<Stream>,
}

/// The sending half of a [`Stream`].
#[derive(Clone, Debug)]
pub struct SendHalf {
    stream: Arc<Stream>,
}

macro_rules! half {
    ($half:ty) => {
        impl $half {
            /// Returns the stream that this half belongs to.
            #[must_use]
            pub fn as_stream(&self) -> &Stream {
                &self.stream
            }

            /// Returns the stream that both halves share.
            #[must_use]
            pub fn as_arc(&self) -> &Arc<Stream> {
                &self.stream
            }

            /// Returns the stream that both halves share.
            #[must_use]
            pub fn into_arc(self) -> Arc<Stream> {
                self.stream
            }
        }

        impl Sealed for $half {}
    };
}
half!(RecvHalf);
half!(SendHalf);

impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_recv_timeout(timeout)
    }
}

impl traits::SendHalf for SendHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_send_timeout(timeout)
    }
    fn close(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }
}

delegate! {
    impl AsFd for RecvHalf, via |half| half.stream;
    impl AsFd for SendHalf, via |half| half.stream;
    impl Read for RecvHalf, via |half| half.as_stream();
    impl Write for SendHalf, via |half| half.as_stream();
}
