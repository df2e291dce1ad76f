use crate::{ConnectOptions, TryClone, os::imp, traits};
use std::{io, net::Shutdown, time::Duration};

backend_enum! {
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
    pub enum Stream(imp::Stream);
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
}

impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.backend().set_nonblocking(nonblocking)
    }
    fn set_recv_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.backend().set_recv_timeout(timeout)
    }
    fn set_send_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.backend().set_send_timeout(timeout)
    }
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.backend().shutdown(how)
    }
    fn drain(&self, deadline: Duration) -> io::Result<()> {
        self.backend().drain(deadline)
    }
    fn split(self) -> (RecvHalf, SendHalf) {
        let (rh, sh) = self.into_backend().split();
        (rh.into(), sh.into())
    }
    fn reunite(rh: RecvHalf, sh: SendHalf) -> traits::ReuniteResult<Self> {
        imp::Stream::reunite(rh.into_backend(), sh.into_backend())
            .map(Self::from)
            .map_err(crate::error::ReuniteError::convert_halves)
    }
    fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        imp::Stream::from_options(options).map(Self::from)
    }
}

impl TryClone for Stream {
    fn try_clone(&self) -> io::Result<Self> {
        self.backend().try_clone().map(Self::from)
    }
}

delegate! {
    impl StreamCommon for Stream, via |stream| stream.backend();
    impl Read for Stream, via |stream| stream.backend();
    impl Write for Stream, via |stream| stream.backend();
}

backend_enum! {
    /// The receiving half of a [`Stream`].
    ///
    /// [`split`](crate::traits::Stream::split) creates it. Dropping it does not shut down the
    /// receiving direction.
    pub enum RecvHalf(imp::RecvHalf);
}

backend_enum! {
    /// The sending half of a [`Stream`].
    ///
    /// [`split`](crate::traits::Stream::split) creates it. Dropping it does not shut down the
    /// sending direction; [`close`](crate::traits::SendHalf::close) does.
    pub enum SendHalf(imp::SendHalf);
}

impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        traits::RecvHalf::set_timeout(self.backend(), timeout)
    }
}

impl traits::SendHalf for SendHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        traits::SendHalf::set_timeout(self.backend(), timeout)
    }
    fn close(&self) -> io::Result<()> {
        traits::SendHalf::close(self.backend())
    }
}

delegate! {
    impl Read for RecvHalf, via |half| half.backend();
    impl Write for SendHalf, via |half| half.backend();
}
