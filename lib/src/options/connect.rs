use crate::{Name, Stream, traits};
use std::{io, time::Duration};

/// How long connecting waits for a busy server.
///
/// A server is busy if it does not accept its clients fast enough: on Unix its backlog is full,
/// on Windows all instances of its pipe are in use. If there is no server, connecting fails at
/// once in every mode.
///
/// # Platform-specific behaviour
/// On macOS and the BSDs a full backlog is `ConnectionRefused` in every mode.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum ConnectWaitMode {
    /// Does not wait; fails with `WouldBlock`.
    Deferred,
    /// Waits for at most this time, then fails with `TimedOut`.
    Timeout(Duration),
    /// Waits without a limit.
    #[default]
    Unbounded,
}

/// The directions in which a client uses a connection.
///
/// A direction that is left out counts as shut down: reads return the end of file, or writes fail with
/// `BrokenPipe`.
///
/// # Platform-specific behaviour
/// - Windows: the pipe is opened with the access that the directions need. A server can create a pipe
///   for one direction only (`PIPE_ACCESS_INBOUND`, `PIPE_ACCESS_OUTBOUND`), or give a client the right
///   to read only. Such a pipe cannot be opened for both directions.
/// - Unix: sockets always have both directions. The setting has no effect.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Directions {
    /// Sending and receiving.
    #[default]
    Both,
    /// From this client to the server only.
    Send,
    /// From the server to this client only.
    Receive,
}

impl Directions {
    /// Returns whether sending is one of them.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::Both | Self::Send)
    }

    /// Returns whether receiving is one of them.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::Both | Self::Receive)
    }
}

/// Options for connecting.
///
/// ```no_run
/// use local_socket::{prelude::*, ConnectOptions, ConnectWaitMode, GenericFilePath};
/// # fn main() -> std::io::Result<()> {
/// let stream = ConnectOptions::new()
///     .name("/run/app.sock".to_fs_name::<GenericFilePath>()?)
///     .wait_mode(ConnectWaitMode::Timeout(std::time::Duration::from_secs(1)))
///     .connect_sync()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions<'n> {
    pub(crate) name: Option<Name<'n>>,
    pub(crate) wait_mode: ConnectWaitMode,
    pub(crate) nonblocking_stream: bool,
    pub(crate) directions: Directions,
}

impl<'n> ConnectOptions<'n> {
    /// Creates options with their default values and without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name to connect to. It is required: without it connecting fails with
    /// `InvalidInput`.
    #[must_use]
    pub fn name(mut self, name: Name<'n>) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets how long to wait for a busy server. The default is [`ConnectWaitMode::Unbounded`].
    #[must_use]
    pub fn wait_mode(mut self, wait_mode: ConnectWaitMode) -> Self {
        self.wait_mode = wait_mode;
        self
    }

    /// Sets whether the stream is [non-blocking](traits::Stream::set_nonblocking). The default
    /// is `false`. It does not change how connecting waits, which
    /// [`wait_mode`](Self::wait_mode) sets, and has no effect on asynchronous streams.
    #[must_use]
    pub fn nonblocking_stream(mut self, nonblocking: bool) -> Self {
        self.nonblocking_stream = nonblocking;
        self
    }

    /// Sets the directions in which the connection is used. The default is [`Directions::Both`].
    #[must_use]
    pub fn directions(mut self, directions: Directions) -> Self {
        self.directions = directions;
        self
    }

    /// Connects to the server that listens on the name.
    ///
    /// # Errors
    /// All but the first contain a [`SocketError`](crate::error::SocketError) with the name:
    /// - `InvalidInput` if no name was set.
    /// - `NotFound` if nothing exists at the path; on Windows if there is no such pipe.
    /// - `ConnectionRefused` on Unix if no process listens on the socket file or abstract name.
    /// - `PermissionDenied` if this process may not write to the socket file or search its
    ///   folder, or if the pipe's security descriptor refuses it, or if the pipe does not have the
    ///   [`directions`](Self::directions).
    /// - `WouldBlock` or `TimedOut` if the server is busy, depending on the wait mode.
    /// - `Unsupported` if this system does not have names of this kind.
    /// - Another error of `connect(2)` or `socket(2)` (Unix), or of `CreateFileW` (Windows).
    pub fn connect_sync(&self) -> io::Result<Stream> {
        self.connect_sync_as()
    }

    /// Connects and returns the given type of stream.
    ///
    /// # Errors
    /// As [`connect_sync`](Self::connect_sync).
    pub fn connect_sync_as<S: traits::Stream>(&self) -> io::Result<S> {
        S::from_options(self)
    }

    /// Connects and returns an asynchronous stream.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future ends the attempt, and no connection is left open. While the
    /// server is busy, see below for how long the attempt can go on.
    ///
    /// # Errors
    /// As [`connect_sync`](Self::connect_sync). `Other` outside a tokio runtime.
    ///
    /// # Panics
    /// On Unix in a runtime without its I/O driver (`enable_io`).
    ///
    /// # Platform-specific behaviour
    /// On Linux, if the backlog is still full after a few attempts within 8 ms, a thread waits for
    /// room, so that the client gets its turn among clients that block; beyond 64 such threads in a
    /// process the attempt is repeated after pauses of 20 ms. The thread cannot be interrupted: if
    /// the future is dropped, the thread goes on for about as long as it has waited before, and for
    /// at most 1 second. If it connects in that time, it closes the connection at once.
    /// Windows waits for a busy pipe in tokio's threads for blocking calls, for at most 50 ms after
    /// the future was dropped.
    #[cfg(feature = "tokio")]
    pub fn connect_tokio(
        &self,
    ) -> impl Future<Output = io::Result<crate::tokio::Stream>> + Send + Sync {
        self.connect_tokio_as()
    }

    /// Connects and returns the given type of asynchronous stream.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`connect_tokio`](Self::connect_tokio).
    ///
    /// # Errors
    /// As [`connect_tokio`](Self::connect_tokio).
    #[cfg(feature = "tokio")]
    pub fn connect_tokio_as<S: traits::tokio::Stream>(
        &self,
    ) -> impl Future<Output = io::Result<S>> + Send + Sync {
        S::from_options(self)
    }

    /// Returns the name, or `InvalidInput` if none was set.
    pub(crate) fn required_name(&self) -> io::Result<&Name<'n>> {
        self.name.as_ref().ok_or_else(super::listener::no_name)
    }
}
