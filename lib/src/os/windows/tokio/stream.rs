use super::{connect, connection::AsyncConnection};
use crate::{
    ConnectOptions,
    error::{FromHandleError, ReuniteError},
    name::sealed::Sealed,
    os::{
        runtime,
        windows::{self as sync, connection::Connection, pair},
    },
    traits::tokio::{self as traits, ReuniteResult},
};
use std::{io, os::windows::io::OwnedHandle, sync::Arc, time::Duration};

/// An asynchronous connection through a named pipe.
///
/// A write can still be in progress after it was reported as done; `flush` waits for it. If it
/// fails, the next write, `flush` or `shutdown` returns the error. If the stream is dropped, the
/// write goes on in the background for at most 30 seconds, with or without a runtime. A process
/// that exits before has to flush the stream, or the data is lost.
///
/// Reads are cancel safe. A cancelled read may leave an operation of the system in flight, which
/// reads up to 4 KiB; the next read returns this data.
#[derive(Debug)]
pub struct Stream(Arc<AsyncConnection>);

impl Stream {
    /// Creates two streams that are connected to each other. They have no name.
    ///
    /// # Errors
    /// `Other` outside a tokio runtime. An error of `CreateNamedPipeW`, `CreateFileW` or
    /// `CreateEventW`, usually because the process has no handles left.
    pub fn pair() -> io::Result<(Self, Self)> {
        runtime::required()?;
        let (one, other) = pair::pair()?;
        Ok((Self::new(AsyncConnection::attach(one)?), Self::new(AsyncConnection::attach(other)?)))
    }

    /// Returns the stream itself. It exists for programs that were written for `interprocess`.
    #[must_use]
    pub fn inner(&self) -> &Self {
        self
    }

    /// Returns the stream itself. It exists for programs that were written for `interprocess`.
    pub fn inner_mut(&mut self) -> &mut Self {
        self
    }

    /// Returns the number of bytes, at most, that were reported as written and that the pipe has not
    /// taken: if the process exits, the peer does not get them. `flush` waits until there are none.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.connection().in_flight()
    }

    pub(in crate::os::windows) fn connection(&self) -> &Connection {
        &self.0.connection
    }

    pub(super) fn new(connection: AsyncConnection) -> Self {
        Self(Arc::new(connection))
    }
}

impl Sealed for Stream {}
impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    async fn drain(&self, deadline: Duration) -> io::Result<()> {
        runtime::required()?;
        self.connection().drain_async(deadline).await
    }
    fn split(self) -> (RecvHalf, SendHalf) {
        (RecvHalf(Arc::clone(&self.0)), SendHalf(self.0))
    }
    fn reunite(rh: RecvHalf, sh: SendHalf) -> ReuniteResult<Self> {
        if !Arc::ptr_eq(&rh.0, &sh.0) {
            return Err(ReuniteError { rh, sh });
        }
        drop(rh);
        Ok(Self(sh.0))
    }
    async fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        connect::connect(options).await.map(Self::new)
    }
}

delegate! {
    impl AsHandle for Stream, via |stream| stream.0.connection.pipe;
    impl StreamCommon for Stream, via |stream| stream.connection();
    impl AsyncRead for &Stream, via |stream| stream.0;
    impl AsyncRead for Stream, via |stream| stream.0;
    impl AsyncWrite for &Stream, via |stream| stream.0;
    impl AsyncWrite for Stream, via |stream| stream.0;
}

/// The mode and the timeouts of the stream have no effect any more.
///
/// The errors are `Other` outside a tokio runtime, `ResourceBusy` if there are clones or halves of
/// the stream or a write is in flight, and `Unsupported` if the stream was written to in
/// non-blocking mode or with a timeout: then the pipe belongs to another completion port.
impl TryFrom<sync::Stream> for Stream {
    type Error = io::Error;
    fn try_from(stream: sync::Stream) -> io::Result<Self> {
        runtime::required()?;
        let Some(connection) = Arc::into_inner(stream.0) else {
            let text = "there are clones or halves of the stream";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        };
        AsyncConnection::attach(connection).map(Self::new)
    }
}

/// The errors are those of the conversion to the [synchronous stream](sync::Stream), and `Other`
/// outside a tokio runtime; then the error contains the handle.
impl TryFrom<OwnedHandle> for Stream {
    type Error = FromHandleError;
    fn try_from(handle: OwnedHandle) -> Result<Self, FromHandleError> {
        match runtime::required() {
            Ok(()) => {
                sync::Stream::try_from(handle)?.try_into().map_err(FromHandleError::from_cause)
            }
            Err(error) => Err(FromHandleError::from_source_and_cause(handle, error)),
        }
    }
}

/// The receiving half of a [`Stream`].
#[derive(Debug)]
pub struct RecvHalf(pub(super) Arc<AsyncConnection>);

/// The sending half of a [`Stream`].
///
/// Dropping it does not shut down its direction; `AsyncWriteExt::shutdown` does.
#[derive(Debug)]
pub struct SendHalf(pub(super) Arc<AsyncConnection>);

impl Sealed for RecvHalf {}
impl Sealed for SendHalf {}

delegate! {
    impl RecvHalf for RecvHalf, of Stream;
    impl SendHalf for SendHalf, of Stream;
    impl AsHandle for RecvHalf, via |half| half.0.connection.pipe;
    impl AsHandle for SendHalf, via |half| half.0.connection.pipe;
    impl AsyncRead for &RecvHalf, via |half| half.0;
    impl AsyncRead for RecvHalf, via |half| half.0;
    impl AsyncWrite for &SendHalf, via |half| half.0;
    impl AsyncWrite for SendHalf, via |half| half.0;
}
