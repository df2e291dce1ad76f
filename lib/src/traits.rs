//! What listeners, streams and halves can do, whatever stands behind them.
//!
//! The traits are implemented by the enums of this crate and by the types of each
//! system in [`os`](crate::os), and by nobody else.

use crate::{
    ConnectOptions, Incoming, ListenerOptions, Name, PeerCreds,
    bound_util::{RefRead, RefWrite},
    name::sealed::Sealed,
};
use std::{
    fmt::Debug,
    io::{self, Read, Write},
    iter::FusedIterator,
    net::Shutdown,
    time::Duration,
};

pub use crate::ListenerNonblockingMode;

#[cfg(feature = "tokio")]
pub mod tokio;

/// What [`Stream::reunite`] gives.
pub type ReuniteResult<S> =
    Result<S, crate::error::ReuniteError<<S as Stream>::RecvHalf, <S as Stream>::SendHalf>>;

/// A server's end: it stands under a name and accepts clients.
///
/// As an iterator it accepts for ever.
pub trait Listener:
    Iterator<Item = io::Result<Self::Stream>> + FusedIterator + Debug + Send + Sync + Sized + Sealed
{
    /// What it accepts.
    type Stream: Stream;

    /// Waits for a client and accepts it.
    ///
    /// # Errors
    /// `WouldBlock` if the listener is non-blocking and nobody is waiting; `TimedOut`
    /// after the [timeout](Self::set_accept_timeout); `NotConnected` once the listener
    /// is [closed](Self::close); whatever the system says, such as that there are no
    /// more descriptors. A client that has gone before it was accepted is no error, nor
    /// is one that the [filter](ListenerOptions::accept_filter) refuses.
    fn accept(&self) -> io::Result<Self::Stream>;

    /// Whether accepting, the accepted streams, or both are non-blocking.
    ///
    /// # Errors
    /// Whatever the system says.
    fn set_nonblocking(&self, nonblocking: ListenerNonblockingMode) -> io::Result<()>;

    /// How long [`accept`](Self::accept) waits; for ever by default and with `None`.
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero.
    fn set_accept_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Which clients are handed out from now on; see [`ListenerOptions::accept_filter`],
    /// which is the way for listeners that are made of options. It takes the place of the
    /// filter that was there.
    fn set_accept_filter(&mut self, filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static);

    /// Stops listening: the name goes (as it would on drop), and calls of
    /// [`accept`](Self::accept), also those that other threads are waiting in, fail
    /// with `NotConnected`. Clients that were not accepted are turned away; open
    /// streams go on. Closing twice does nothing.
    ///
    /// # Errors
    /// Whatever the system says.
    fn close(&self) -> io::Result<()>;

    /// Gives the name up now: nobody can connect any more, and clients that have connected
    /// already can still be accepted. For a server that ends and leaves nobody unserved.
    ///
    /// # Platform-specific behaviour
    /// Only a socket file can go before its socket does; with abstract names and on
    /// Windows this does nothing.
    fn give_up_name(&self);

    /// The name that it stands under.
    ///
    /// # Errors
    /// `Unsupported` for an inherited socket whose address is no name.
    fn local_name(&self) -> io::Result<Name<'static>>;

    /// Leaves the name where it is when the listener is dropped.
    fn do_not_reclaim_name_on_drop(&mut self);

    /// Starts to listen.
    ///
    /// # Errors
    /// See [`ListenerOptions::create_sync`].
    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self>;
}

/// What every [`Listener`] has besides.
pub trait ListenerExt: Listener {
    /// An iterator that accepts for ever.
    fn incoming(&self) -> Incoming<'_, Self> {
        Incoming::from(self)
    }
}
impl<L: Listener> ListenerExt for L {}

/// A connection: a private byte stream in both directions.
pub trait Stream: Read + RefRead + Write + RefWrite + StreamCommon {
    /// The type of the receive half.
    type RecvHalf: RecvHalf<Stream = Self>;
    /// The type of the send half.
    type SendHalf: SendHalf<Stream = Self>;

    /// Connects to a name, waiting as long as its server is busy.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_sync`].
    fn connect(name: Name<'_>) -> io::Result<Self> {
        Self::from_options(&ConnectOptions::new().name(name))
    }

    /// Whether reading and writing fail with `WouldBlock` instead of waiting.
    ///
    /// # Errors
    /// Whatever the system says.
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;

    /// How long a read waits; for ever by default and with `None`. A read that ran out
    /// of time fails with `WouldBlock` or `TimedOut`, and nothing is lost.
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero.
    fn set_recv_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// How long a write waits; for ever by default and with `None`. A write that ran out
    /// of time before anything was written fails with `WouldBlock` or `TimedOut`.
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero.
    fn set_send_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Ends one direction or both. After `Write` the peer reads to the end of file, and
    /// what it sends can still be read here: a half-close.
    ///
    /// # Errors
    /// `NotConnected` if the peer has gone, `Unsupported` as below.
    ///
    /// # Platform-specific behaviour
    /// Windows: `Write` sends a message of no bytes, behind what was written before.
    /// Through byte-type pipes of other programs' servers that cannot be sent:
    /// `Unsupported`. `Read` has effect on this end only.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// Waits until the peer has taken everything that was written, at most that long.
    ///
    /// # Errors
    /// `TimedOut` if it has not, `BrokenPipe` if it has gone without.
    ///
    /// # Platform-specific behaviour
    /// On Unix there is nothing to wait for: what was written reaches the peer, also
    /// after this end has been dropped and its process has ended.
    fn drain(&self, deadline: Duration) -> io::Result<()>;

    /// Splits the stream into halves that two threads can own.
    ///
    /// Dropping a half does not end its direction; [`SendHalf::close`] does.
    fn split(self) -> (Self::RecvHalf, Self::SendHalf);

    /// Puts two halves together again.
    ///
    /// # Errors
    /// Gives both halves back if they are not of one stream, or if there are more
    /// handles to it than these two.
    fn reunite(rh: Self::RecvHalf, sh: Self::SendHalf) -> ReuniteResult<Self>;

    /// Connects.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_sync`].
    fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self>;
}

/// What synchronous and asynchronous streams have in common.
pub trait StreamCommon: Debug + Send + Sync + Sized + Sealed + 'static {
    /// Takes the error that is pending on the stream, if any.
    ///
    /// # Errors
    /// Whatever the system says.
    ///
    /// # Platform-specific behaviour
    /// Windows has no such thing: always `None`.
    fn take_error(&self) -> io::Result<Option<io::Error>>;

    /// Who is at the other end: the process that connected or listened, as it was at
    /// that moment.
    ///
    /// # Errors
    /// Whatever the system says.
    fn peer_creds(&self) -> io::Result<PeerCreds>;

    /// Whether the peer has closed both directions, so that nothing can be sent any
    /// more. What it had sent before may still be there to read. A peer that has only
    /// half-closed has not hung up.
    ///
    /// # Errors
    /// Whatever the system says.
    fn peer_hung_up(&self) -> io::Result<bool>;

    /// The name of this end, if it has one: that of the listener on the server's end.
    ///
    /// # Errors
    /// Whatever the system says.
    fn local_name(&self) -> io::Result<Option<Name<'static>>>;

    /// The name of the other end, if it has one: that of the listener on the client's
    /// end.
    ///
    /// # Errors
    /// Whatever the system says.
    fn peer_name(&self) -> io::Result<Option<Name<'static>>>;
}

/// The half of a stream that receives.
pub trait RecvHalf: Read + RefRead + Debug + Send + Sync + Sized + Sealed + 'static {
    /// The type of the stream.
    type Stream: Stream;

    /// See [`Stream::set_recv_timeout`].
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero.
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
}

/// The half of a stream that sends.
pub trait SendHalf: Write + RefWrite + Debug + Send + Sync + Sized + Sealed + 'static {
    /// The type of the stream.
    type Stream: Stream;

    /// See [`Stream::set_send_timeout`].
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero.
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Ends this direction: see [`Stream::shutdown`].
    ///
    /// # Errors
    /// As [`Stream::shutdown`].
    fn close(&self) -> io::Result<()>;
}
