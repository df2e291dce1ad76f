//! What asynchronous listeners, streams and halves can do; [`StreamCommon`] is that of
//! the synchronous ones.

use crate::{
    ConnectOptions, ListenerOptions, Name,
    bound_util::{RefTokioAsyncRead, RefTokioAsyncWrite},
    name::sealed::Sealed,
    traits::StreamCommon,
};
use ::tokio::io::{AsyncRead, AsyncWrite};
use std::{fmt::Debug, io};

/// What [`Stream::reunite`] gives.
pub type ReuniteResult<S> =
    Result<S, crate::error::ReuniteError<<S as Stream>::RecvHalf, <S as Stream>::SendHalf>>;

/// A server's end: it stands under a name and accepts clients.
pub trait Listener: Debug + Send + Sync + Sized + Sealed {
    /// What it accepts.
    type Stream: Stream;

    /// Waits for a client and accepts it. Cancelling loses nobody: a client that was not
    /// accepted yet is the next one.
    ///
    /// # Errors
    /// Whatever the system says, such as that there are no more descriptors. A client
    /// that has gone before it was accepted is no error.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send + Sync;

    /// The name that it stands under.
    ///
    /// # Errors
    /// `Unsupported` for an inherited socket whose address is no name.
    fn local_name(&self) -> io::Result<Name<'static>>;

    /// Leaves the name where it is when the listener is dropped.
    fn do_not_reclaim_name_on_drop(&mut self);

    /// Gives the name up now, as dropping the listener would: nobody can connect any more,
    /// and clients that have connected already can still be accepted. For a server that
    /// ends and leaves nobody unserved.
    ///
    /// # Platform-specific behaviour
    /// Only a socket file can go before its socket does; with abstract names and on
    /// Windows this does nothing.
    fn give_up_name(&self);

    /// Starts to listen.
    ///
    /// # Errors
    /// See [`ListenerOptions::create_tokio`].
    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self>;
}

/// A connection: a private byte stream in both directions.
///
/// `poll_shutdown` (and with it `AsyncWriteExt::shutdown`) half-closes: the peer reads to
/// the end of file, and what it sends can still be read here. See the synchronous
/// [`shutdown`](crate::traits::Stream::shutdown).
///
/// A shared reference can be read from and written to as well, by one task for each
/// direction: of several tasks that wait in the same direction only the last is woken.
pub trait Stream:
    AsyncRead + RefTokioAsyncRead + AsyncWrite + RefTokioAsyncWrite + StreamCommon
{
    /// The type of the receive half.
    type RecvHalf: RecvHalf<Stream = Self>;
    /// The type of the send half.
    type SendHalf: SendHalf<Stream = Self>;

    /// Connects to a name, waiting as long as its server is busy.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_tokio`].
    fn connect(name: Name<'_>) -> impl Future<Output = io::Result<Self>> + Send + Sync {
        async move { Self::from_options(&ConnectOptions::new().name(name)).await }
    }

    /// Splits the stream into halves that two tasks can own.
    ///
    /// Dropping a half does not end its direction; `shutdown` on the send half does.
    fn split(self) -> (Self::RecvHalf, Self::SendHalf);

    /// Puts two halves together again.
    ///
    /// # Errors
    /// Gives both halves back if they are not of one stream.
    fn reunite(rh: Self::RecvHalf, sh: Self::SendHalf) -> ReuniteResult<Self>;

    /// Connects. Cancelling leaves nothing behind.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_tokio`].
    fn from_options(
        options: &ConnectOptions<'_>,
    ) -> impl Future<Output = io::Result<Self>> + Send + Sync;
}

/// The half of a stream that receives.
pub trait RecvHalf:
    AsyncRead + RefTokioAsyncRead + Debug + Send + Sync + Sized + Sealed + 'static
{
    /// The type of the stream.
    type Stream: Stream;
}

/// The half of a stream that sends.
pub trait SendHalf:
    AsyncWrite + RefTokioAsyncWrite + Debug + Send + Sync + Sized + Sealed + 'static
{
    /// The type of the stream.
    type Stream: Stream;
}
