//! Traits of asynchronous listeners, streams and halves. [`StreamCommon`] is shared with the
//! synchronous streams.
//!
//! # Cancel safety
//!
//! A future that is dropped before it has completed is *cancelled*, for example by
//! `tokio::select!`. Everything here is cancel safe: cancelling `accept` loses no client,
//! cancelling `connect` leaves no connection open, and a cancelled read loses no bytes.
//! `AsyncReadExt::read` and `AsyncWriteExt::write` are cancel safe; methods that loop over
//! them, such as `read_exact`, `read_to_end` and `write_all`, are not.

use crate::{
    ConnectOptions, ListenerOptions, Name,
    bound_util::{RefTokioAsyncRead, RefTokioAsyncWrite},
    name::sealed::Sealed,
    traits::StreamCommon,
};
use ::tokio::io::{AsyncRead, AsyncWrite};
use std::{fmt::Debug, io, time::Duration};

/// Result of [`Stream::reunite`].
pub type ReuniteResult<S> =
    Result<S, crate::error::ReuniteError<<S as Stream>::RecvHalf, <S as Stream>::SendHalf>>;

/// A listening socket that is bound to a name and registered with tokio's event loop.
pub trait Listener: Debug + Send + Sync + Sized + Sealed {
    /// The type of the accepted streams.
    type Stream: Stream;

    /// Waits for a client and accepts it. Several tasks can wait at the same time.
    ///
    /// Clients that the [filter](ListenerOptions::accept_filter) refuses are skipped. A client
    /// that has disconnected already is no error: it is skipped, or accepted if its data can
    /// still be read (on Linux always).
    ///
    /// # Cancel safety
    /// Cancel safe: a client that was not returned yet is returned by the next call.
    ///
    /// # Errors
    /// An error of `accept(2)` (Unix), usually `EMFILE` because the process has no descriptors
    /// left, or of `CreateNamedPipeW` and `ConnectNamedPipe` (Windows).
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send + Sync;

    /// Returns the name that the listener is bound to.
    ///
    /// # Errors
    /// On Unix `Unsupported` for an inherited socket without a name, or an error of
    /// `getsockname(2)`; none on Windows.
    fn local_name(&self) -> io::Result<Name<'static>>;

    /// Keeps the socket file when the listener is dropped.
    ///
    /// # Platform-specific behaviour
    /// Abstract names and named pipes end with their listener; for them this does nothing.
    fn do_not_reclaim_name_on_drop(&mut self);

    /// Removes the name, so that no more clients can connect. Clients that have connected
    /// already can still be accepted.
    ///
    /// A server calls this before it ends, to serve every client that has connected.
    ///
    /// # Platform-specific behaviour
    /// Only a socket file can be removed while its socket is open. For abstract names and on
    /// Windows this does nothing.
    fn give_up_name(&self);

    /// Starts listening as the options say.
    ///
    /// # Errors
    /// See [`ListenerOptions::create_tokio`].
    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self>;
}

/// A connection that is registered with tokio's event loop: a byte stream in both directions.
///
/// `AsyncWriteExt::shutdown` (`poll_shutdown`) half-closes the stream: the peer reads to the
/// end of file, and its answer can still be read. Its errors are those of the synchronous
/// [`shutdown`](crate::traits::Stream::shutdown).
///
/// Shared references can be read from and written to as well. If several tasks wait in the same
/// direction, all are woken, and one of them gets the data or the room; the others wait again. The
/// order is not specified.
pub trait Stream:
    AsyncRead + RefTokioAsyncRead + AsyncWrite + RefTokioAsyncWrite + StreamCommon
{
    /// The type of the receiving half.
    type RecvHalf: RecvHalf<Stream = Self>;
    /// The type of the sending half.
    type SendHalf: SendHalf<Stream = Self>;

    /// Connects to a name. If the server is busy, it waits without a limit.
    ///
    /// # Cancel safety
    /// Cancel safe: no connection is left open.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_tokio`].
    fn connect(name: Name<'_>) -> impl Future<Output = io::Result<Self>> + Send + Sync {
        async move { Self::from_options(&ConnectOptions::new().name(name)).await }
    }

    /// Waits until the peer has read everything that was written, for at most `deadline`. It reads
    /// and sends nothing.
    ///
    /// # Cancel safety
    /// Cancel safe: it changes nothing.
    ///
    /// # Errors
    /// As the synchronous [`drain`](crate::traits::Stream::drain). `Other` outside a tokio runtime.
    ///
    /// # Platform-specific behaviour
    /// As the synchronous [`drain`](crate::traits::Stream::drain). Windows waits in tokio's threads
    /// for blocking calls; the pipe stays open for at most 50 ms after the future was dropped.
    fn drain(&self, deadline: Duration) -> impl Future<Output = io::Result<()>> + Send + Sync;

    /// Splits the stream into two halves, which two tasks can own.
    ///
    /// Dropping a half does not shut down its direction; `AsyncWriteExt::shutdown` on the
    /// sending half does.
    fn split(self) -> (Self::RecvHalf, Self::SendHalf);

    /// Joins two halves into the stream that they came from.
    ///
    /// # Errors
    /// A [`ReuniteError`](crate::error::ReuniteError) with both halves if they are of different
    /// streams.
    fn reunite(rh: Self::RecvHalf, sh: Self::SendHalf) -> ReuniteResult<Self>;

    /// Connects as the options say.
    ///
    /// # Cancel safety
    /// Cancel safe: no connection is left open.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_tokio`].
    fn from_options(
        options: &ConnectOptions<'_>,
    ) -> impl Future<Output = io::Result<Self>> + Send + Sync;
}

/// The receiving half of a stream.
pub trait RecvHalf:
    AsyncRead + RefTokioAsyncRead + Debug + Send + Sync + Sized + Sealed + 'static
{
    /// The type of the stream.
    type Stream: Stream;
}

/// The sending half of a stream.
pub trait SendHalf:
    AsyncWrite + RefTokioAsyncWrite + Debug + Send + Sync + Sized + Sealed + 'static
{
    /// The type of the stream.
    type Stream: Stream;
}
