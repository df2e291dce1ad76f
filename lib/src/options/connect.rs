use crate::{Name, Stream, traits};
use std::{io, time::Duration};

/// How long connecting waits for a server that is there but not yet accepting: on
/// Unix its backlog is full, on Windows all instances of its pipe are busy.
///
/// A name without a server is an error at once in every mode.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum ConnectWaitMode {
    /// Not at all: `WouldBlock`.
    Deferred,
    /// At most that long: `TimedOut`.
    Timeout(Duration),
    /// As long as it takes.
    #[default]
    Unbounded,
}

/// How to connect.
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
}

impl<'n> ConnectOptions<'n> {
    /// Options with their defaults and without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name to connect to. There is no default: without it connecting is an
    /// `InvalidInput` error.
    #[must_use]
    pub fn name(mut self, name: Name<'n>) -> Self {
        self.name = Some(name);
        self
    }

    /// How long to wait for a busy server; [`ConnectWaitMode::Unbounded`] by default.
    #[must_use]
    pub fn wait_mode(mut self, wait_mode: ConnectWaitMode) -> Self {
        self.wait_mode = wait_mode;
        self
    }

    /// Whether the stream is to be [non-blocking](traits::Stream::set_nonblocking);
    /// not by default. This is about the stream alone: waiting for the server is
    /// what [`wait_mode`](Self::wait_mode) says.
    #[must_use]
    pub fn nonblocking_stream(mut self, nonblocking: bool) -> Self {
        self.nonblocking_stream = nonblocking;
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// `NotFound` or `ConnectionRefused` where nobody listens, `PermissionDenied`
    /// where this process may not connect, `WouldBlock` and `TimedOut` as the wait
    /// mode says, `InvalidInput` without a name.
    pub fn connect_sync(&self) -> io::Result<Stream> {
        self.connect_sync_as()
    }

    /// Connects, with the given type of stream.
    ///
    /// # Errors
    /// As [`connect_sync`](Self::connect_sync).
    pub fn connect_sync_as<S: traits::Stream>(&self) -> io::Result<S> {
        S::from_options(self)
    }

    /// Connects, for asynchronous programs; dropping the future gives up. What
    /// [`nonblocking_stream`](Self::nonblocking_stream) says has no meaning there.
    ///
    /// # Errors
    /// As [`connect_sync`](Self::connect_sync); also outside a tokio runtime.
    ///
    /// # Panics
    /// As everything of tokio's that does I/O, in a runtime that was built without its
    /// I/O driver (`enable_io`).
    #[cfg(feature = "tokio")]
    pub fn connect_tokio(
        &self,
    ) -> impl Future<Output = io::Result<crate::tokio::Stream>> + Send + Sync {
        self.connect_tokio_as()
    }

    /// Connects, with the given type of asynchronous stream.
    ///
    /// # Errors
    /// As [`connect_tokio`](Self::connect_tokio).
    #[cfg(feature = "tokio")]
    pub fn connect_tokio_as<S: traits::tokio::Stream>(
        &self,
    ) -> impl Future<Output = io::Result<S>> + Send + Sync {
        S::from_options(self)
    }

    /// The name, or the error for its absence.
    pub(crate) fn required_name(&self) -> io::Result<&Name<'n>> {
        self.name.as_ref().ok_or_else(super::listener::no_name)
    }
}
