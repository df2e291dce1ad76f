use crate::{ConnectOptions, os::imp::tokio as imp, traits::tokio as traits};
use std::{io, pin::Pin, time::Duration};

backend_enum! {
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
    pub enum Stream(imp::Stream);
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
}

impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    async fn drain(&self, deadline: Duration) -> io::Result<()> {
        self.backend().drain(deadline).await
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
    async fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        imp::Stream::from_options(options).await.map(Self::from)
    }
}

delegate! {
    impl StreamCommon for Stream, via |stream| stream.backend();
    impl AsyncRead for &Stream, via |stream| Pin::new(&mut stream.backend());
    impl AsyncRead for Stream, via |stream| Pin::new(stream.backend_mut());
    impl AsyncWrite for &Stream, via |stream| Pin::new(&mut stream.backend());
    impl AsyncWrite for Stream, via |stream| Pin::new(stream.backend_mut());
}

backend_enum! {
    /// The receiving half of a [`Stream`].
    ///
    /// [`split`](crate::traits::tokio::Stream::split) creates it. Dropping it does not shut down
    /// the receiving direction.
    pub enum RecvHalf(imp::RecvHalf);
}

backend_enum! {
    /// The sending half of a [`Stream`].
    ///
    /// [`split`](crate::traits::tokio::Stream::split) creates it. Dropping it does not shut down
    /// the sending direction; `AsyncWriteExt::shutdown` does.
    pub enum SendHalf(imp::SendHalf);
}

delegate! {
    impl RecvHalf for RecvHalf, of Stream;
    impl SendHalf for SendHalf, of Stream;
    impl AsyncRead for &RecvHalf, via |half| Pin::new(&mut half.backend());
    impl AsyncRead for RecvHalf, via |half| Pin::new(half.backend_mut());
    impl AsyncWrite for &SendHalf, via |half| Pin::new(&mut half.backend());
    impl AsyncWrite for SendHalf, via |half| Pin::new(half.backend_mut());
}
