use crate::{
    ConnectOptions, Name, PeerCreds, RecvHalf, SendHalf, TryClone, name::sealed::Sealed, os::imp,
    traits,
};
use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    net::Shutdown,
    time::Duration,
};

/// A connection: a byte stream in both directions between two processes.
///
/// Its methods are those of [`traits::Stream`] and [`traits::StreamCommon`]. Shared references
/// can be read from and written to as well, by several threads at the same time.
///
/// ```
/// use local_socket::{prelude::*, Stream};
/// use std::io::{Read, Write};
/// # fn main() -> std::io::Result<()> {
/// let (mut client, mut server) = Stream::pair()?;
/// client.write_all(b"question")?;
/// client.shutdown(std::net::Shutdown::Write)?;
///
/// let mut text = String::new();
/// server.read_to_string(&mut text)?; // reads to the end of file
/// server.write_all(b"answer")?; // the other direction is still open
/// drop(server);
///
/// client.read_to_string(&mut text)?;
/// assert_eq!(text, "questionanswer");
/// # Ok(()) }
/// ```
///
/// # Platform-specific behaviour
/// Windows: in non-blocking mode or with a send timeout a write can still be in progress after
/// it was reported as done. `os::windows::Stream` describes the consequences.
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
    /// An error of `socketpair(2)` (Unix) or of `CreateNamedPipeW` and `CreateFileW` (Windows),
    /// usually because the process has no descriptors or handles left.
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

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.imp().set_nonblocking(nonblocking)
    }
    fn set_recv_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.imp().set_recv_timeout(timeout)
    }
    fn set_send_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.imp().set_send_timeout(timeout)
    }
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.imp().shutdown(how)
    }
    fn drain(&self, deadline: Duration) -> io::Result<()> {
        self.imp().drain(deadline)
    }
    fn split(self) -> (RecvHalf, SendHalf) {
        let (rh, sh) = self.into_imp().split();
        (rh.into(), sh.into())
    }
    fn reunite(rh: RecvHalf, sh: SendHalf) -> traits::ReuniteResult<Self> {
        imp::Stream::reunite(rh.into_imp(), sh.into_imp())
            .map(Self::from)
            .map_err(crate::error::ReuniteError::convert_halves)
    }
    fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        imp::Stream::from_options(options).map(Self::from)
    }
}

impl traits::StreamCommon for Stream {
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

impl TryClone for Stream {
    fn try_clone(&self) -> io::Result<Self> {
        self.imp().try_clone().map(Self::from)
    }
}

impl Read for &Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.imp().read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.imp().read_vectored(bufs)
    }
}

impl Write for &Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.imp().write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.imp().write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.imp().flush()
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}
