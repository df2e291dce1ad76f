//! Traits of listeners, streams and halves, for all systems.
//!
//! The enums of this crate and the types in [`os`](crate::os) implement them. Other crates
//! cannot implement them.

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

/// Result of [`Stream::reunite`].
pub type ReuniteResult<S> =
    Result<S, crate::error::ReuniteError<<S as Stream>::RecvHalf, <S as Stream>::SendHalf>>;

/// A listening socket that is bound to a name.
///
/// As an iterator it accepts one client after the other, as [`Incoming`] does.
pub trait Listener:
    Iterator<Item = io::Result<Self::Stream>> + FusedIterator + Debug + Send + Sync + Sized + Sealed
{
    /// The type of the accepted streams.
    type Stream: Stream;

    /// Waits for a client and accepts it.
    ///
    /// Clients that the [filter](ListenerOptions::accept_filter) refuses are skipped. A client
    /// that has disconnected already is no error: it is skipped, or accepted if its data can
    /// still be read (on Linux always).
    ///
    /// # Errors
    /// `WouldBlock` if the listener is non-blocking and no client is waiting. `TimedOut` after
    /// the [timeout](Self::set_accept_timeout). `NotConnected` if the listener is
    /// [closed](Self::close). Another error of `accept(2)` (Unix), usually `EMFILE` because the
    /// process has no descriptors left, or of `CreateNamedPipeW` and `ConnectNamedPipe`
    /// (Windows).
    fn accept(&self) -> io::Result<Self::Stream>;

    /// Sets whether accepting, accepted streams, or both are non-blocking.
    ///
    /// Streams that were accepted before are not changed. A call of [`accept`](Self::accept) that
    /// is waiting goes on waiting. A call that begins while another thread changes the mode uses
    /// the old mode or the new one.
    ///
    /// # Errors
    /// An error of `ioctl(2)` (Unix); none on Windows.
    fn set_nonblocking(&self, nonblocking: ListenerNonblockingMode) -> io::Result<()>;

    /// Sets how long [`accept`](Self::accept) waits for a client. `None`, the default, means
    /// no limit. It has no effect in non-blocking mode.
    ///
    /// A call that is waiting keeps the timeout that was set when it began.
    ///
    /// # Errors
    /// `InvalidInput` for a timeout of zero. An error of `ioctl(2)` (Unix).
    fn set_accept_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Replaces the filter for clients; see [`ListenerOptions::accept_filter`].
    ///
    /// It is for listeners that were not created from options, such as inherited sockets.
    fn set_accept_filter(&mut self, filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static);

    /// Stops listening and removes the name, as dropping the listener does.
    ///
    /// Calls of [`accept`](Self::accept), also those that are waiting in other threads, fail
    /// with `NotConnected`, and iterators over clients end. Event loops that watch the socket
    /// report it as readable. Clients that were not accepted yet are disconnected. Accepted
    /// streams stay open. A second call does nothing.
    ///
    /// # Errors
    /// An error of `shutdown(2)`, `socket(2)` or `dup3(2)` (Linux), or of `dup(2)` and
    /// `getsockname(2)` (other Unix); none on Windows.
    ///
    /// # Platform-specific behaviour
    /// On Linux, an abstract name that an event loop of this process watches (`epoll(7)`) is
    /// released only when the listener is dropped: the kernel releases the name together with the
    /// socket, and removes a closed socket from event loops without an event.
    fn close(&self) -> io::Result<()>;

    /// Returns whether the listener is [closed](Self::close). Then iterators over its clients end.
    ///
    /// # Platform-specific behaviour
    /// On Linux, closing a listener ends all listeners that share its socket, such as those of other
    /// processes that have inherited it. Their calls of `accept` fail with `InvalidInput`, and this
    /// function returns `true` from the first such error on. In non-blocking mode the system does not
    /// report it: `accept` fails with `WouldBlock`.
    fn is_closed(&self) -> bool;

    /// Removes the name, so that no more clients can connect. Clients that have connected
    /// already can still be accepted.
    ///
    /// A server calls this before it ends, to serve every client that has connected.
    ///
    /// # Platform-specific behaviour
    /// Only a socket file can be removed while its socket is open. For abstract names and on
    /// Windows this does nothing.
    fn give_up_name(&self);

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

    /// Starts listening as the options say.
    ///
    /// # Errors
    /// See [`ListenerOptions::create_sync`].
    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self>;
}

/// Additional methods of every [`Listener`].
pub trait ListenerExt: Listener {
    /// Returns an iterator that accepts clients until the listener is [closed](Listener::close).
    fn incoming(&self) -> Incoming<'_, Self> {
        Incoming::from(self)
    }
}
impl<L: Listener> ListenerExt for L {}

/// A connection: a byte stream in both directions between two processes.
pub trait Stream: Read + RefRead + Write + RefWrite + StreamCommon {
    /// The type of the receiving half.
    type RecvHalf: RecvHalf<Stream = Self>;
    /// The type of the sending half.
    type SendHalf: SendHalf<Stream = Self>;

    /// Connects to a name. If the server is busy, it waits without a limit.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_sync`].
    fn connect(name: Name<'_>) -> io::Result<Self> {
        Self::from_options(&ConnectOptions::new().name(name))
    }

    /// Sets non-blocking mode: a read or write that would have to wait fails with `WouldBlock`.
    ///
    /// # Errors
    /// An error of `ioctl(2)` (Unix); none on Windows.
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;

    /// Sets how long a read waits for data. `None`, the default, means no limit.
    ///
    /// After the timeout a read fails with `WouldBlock` (Unix) or `TimedOut` (Windows). No data
    /// is lost: a later read returns it.
    ///
    /// # Errors
    /// `InvalidInput` for a timeout of zero. An error of `setsockopt(2)` (Unix).
    fn set_recv_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Sets how long a write waits for room. `None`, the default, means no limit.
    ///
    /// After the timeout a write that has written nothing fails with `WouldBlock` (Unix) or
    /// `TimedOut` (Windows). A write that has written a part returns its length.
    ///
    /// # Errors
    /// `InvalidInput` for a timeout of zero. An error of `setsockopt(2)` (Unix).
    fn set_send_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Shuts down one direction or both.
    ///
    /// `Write` is a half-close: the peer reads to the end of file, and its answer can still be
    /// read. Later writes fail with `BrokenPipe`, and so does a write that waits in another
    /// thread. After `Read` reads return 0 bytes. It is no error if the peer has closed the
    /// connection, or if the direction was shut down before.
    ///
    /// # Errors
    /// An error of `shutdown(2)`. On Windows `Unsupported` if the end of file cannot be sent, see
    /// below, or an error of `WriteFile`.
    ///
    /// # Platform-specific behaviour
    /// Windows: `Write` sends a message of zero bytes when the peer has read the data that was written
    /// before: a peer in byte-read mode could read over a message that follows unread data. It does
    /// not wait for the peer; until then, a thread does. If the stream is dropped before, closing it
    /// is the end of file.
    /// Byte-type pipes, which only servers of other programs create, cannot carry it; nor is it sent
    /// if the stream ignores such messages (`os::windows::Stream::ignore_empty_messages`). `Read`
    /// has an effect on this end only; the peer can still write. A write that waits in another
    /// thread is cancelled, also if the end of file cannot be sent: if it fails with `BrokenPipe`, the
    /// peer may have read a part of its data, and does not get the rest. After `Write` has failed
    /// with `Unsupported` the direction is still open; after `Both` this end is closed in any case.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// Waits until the peer has read everything that was written, for at most `deadline`. With a
    /// deadline of zero it does not wait. It reads and sends nothing.
    ///
    /// If it succeeds, the peer's process has read the data. Without it, the data may still be in
    /// a buffer of the system.
    ///
    /// # Errors
    /// `TimedOut` if unread data is left after `deadline`. `BrokenPipe` if the peer has closed the
    /// connection without reading everything, or a server without accepting it. On Windows the
    /// error of an earlier write that was still in progress. `Unsupported` on other systems than
    /// those below.
    ///
    /// # Platform-specific behaviour
    /// - Linux, Android: the system does not report that the peer reads, so it is queried after
    ///   pauses of 0.1 to 10 ms. The system reports only once that the peer has closed without
    ///   reading everything; this is not known if another descriptor of the same socket, such as
    ///   a clone, has returned the error (`ConnectionReset`) before. If the last write has written
    ///   only a part of its data and the peer has closed, it is not known either whether it had read
    ///   that part, and the error is `BrokenPipe`.
    /// - macOS, the BSDs: always `Unsupported`. Data that was written is in the peer's receive
    ///   buffer, and can be read after this end was closed and its process has ended.
    /// - Windows: if the peer closed its end before this call, it is not known whether it had read
    ///   everything, and the error is `BrokenPipe` as well. If it closes just as this call begins, the
    ///   system can report success although data was unread. After the deadline a thread of the stream
    ///   goes on waiting, until the peer has read everything or the stream is dropped, so that what
    ///   the peer does then is known to later calls and to [`take_error`](StreamCommon::take_error).
    fn drain(&self, deadline: Duration) -> io::Result<()>;

    /// Splits the stream into two halves, which two threads can own.
    ///
    /// Dropping a half does not shut down its direction; [`SendHalf::close`] does.
    fn split(self) -> (Self::RecvHalf, Self::SendHalf);

    /// Joins two halves into the stream that they came from.
    ///
    /// # Errors
    /// A [`ReuniteError`](crate::error::ReuniteError) with both halves if they are of different
    /// streams. On Unix also if there are clones of a half (`os::unix::RecvHalf` and
    /// `os::unix::SendHalf` can be cloned).
    fn reunite(rh: Self::RecvHalf, sh: Self::SendHalf) -> ReuniteResult<Self>;

    /// Connects as the options say.
    ///
    /// # Errors
    /// See [`ConnectOptions::connect_sync`].
    fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self>;
}

/// Methods that synchronous and asynchronous streams have in common. None of them waits.
pub trait StreamCommon: Debug + Send + Sync + Sized + Sealed + 'static {
    /// Returns and clears the pending error of the socket (`SO_ERROR`).
    ///
    /// # Errors
    /// An error of `getsockopt(2)` (Unix); none on Windows.
    ///
    /// # Platform-specific behaviour
    /// Linux reports `ConnectionReset` here if the peer has closed the connection without
    /// reading everything. So does Windows if the peer has closed during a write, while
    /// [`drain`](Stream::drain) was waiting, also after its deadline, or after a half-close; otherwise
    /// the system does not report it, and the result is `None`.
    fn take_error(&self) -> io::Result<Option<io::Error>>;

    /// Returns the peer's credentials, as they were when it connected or listened: its process
    /// and, on Unix, its user and effective group.
    ///
    /// # Errors
    /// On Unix an error of `getsockopt(2)` or `getpeereid(3)`, such as `NotConnected` if the
    /// socket is not connected. On Windows an error of `GetNamedPipeClientProcessId` or
    /// `GetNamedPipeServerProcessId`.
    ///
    /// # Platform-specific behaviour
    /// On Windows `os::windows::Stream::peer_user` returns the user.
    fn peer_creds(&self) -> io::Result<PeerCreds>;

    /// Returns the same as [`peer_creds`](Self::peer_creds), with the supplementary groups of the peer
    /// where the system returns them.
    ///
    /// # Errors
    /// Those of [`peer_creds`](Self::peer_creds).
    ///
    /// # Platform-specific behaviour
    /// Linux and Android need another system call for the groups (`SO_PEERGROUPS`). Elsewhere the two
    /// methods do the same.
    fn peer_creds_with_groups(&self) -> io::Result<PeerCreds>;

    /// Returns whether the peer has closed both directions, so that writes fail. Data that it
    /// sent before can still be read. It is `false` for a peer that has only half-closed.
    ///
    /// # Errors
    /// An error of `poll(2)` (Unix) or of `NtQueryInformationFile` (Windows).
    fn peer_hung_up(&self) -> io::Result<bool>;

    /// Returns the name of this end, if it has one. On the server's side it is the listener's
    /// name; clients usually have none.
    ///
    /// # Errors
    /// An error of `getsockname(2)` (Unix); none on Windows.
    fn local_name(&self) -> io::Result<Option<Name<'static>>>;

    /// Returns the name of the peer's end, if it has one. On the client's side it is the
    /// listener's name; clients usually have none.
    ///
    /// # Errors
    /// An error of `getpeername(2)` (Unix), such as `NotConnected` if the socket is not
    /// connected; none on Windows.
    fn peer_name(&self) -> io::Result<Option<Name<'static>>>;
}

/// The receiving half of a stream.
pub trait RecvHalf: Read + RefRead + Debug + Send + Sync + Sized + Sealed + 'static {
    /// The type of the stream.
    type Stream: Stream;

    /// Sets how long a read waits; see [`Stream::set_recv_timeout`].
    ///
    /// # Errors
    /// As [`Stream::set_recv_timeout`].
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
}

/// The sending half of a stream.
pub trait SendHalf: Write + RefWrite + Debug + Send + Sync + Sized + Sealed + 'static {
    /// The type of the stream.
    type Stream: Stream;

    /// Sets how long a write waits; see [`Stream::set_send_timeout`].
    ///
    /// # Errors
    /// As [`Stream::set_send_timeout`].
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Shuts down the sending direction: the peer reads to the end of file. See
    /// [`Stream::shutdown`].
    ///
    /// # Errors
    /// As [`Stream::shutdown`].
    fn close(&self) -> io::Result<()>;
}
