use crate::{ListenerOptions, Name, PeerCreds, Stream, os::imp, traits};
use std::{io, iter::FusedIterator, time::Duration};

backend_enum! {
    /// A listening socket that is bound to a name.
    ///
    /// Its methods are those of [`traits::Listener`] and [`traits::ListenerExt`]. As an iterator it
    /// accepts one client after the other, as [`Incoming`] does.
    ///
    /// ```
    /// use local_socket::{prelude::*, GenericNamespaced, ListenerOptions};
    /// # use std::io::{Read, Write};
    /// # fn main() -> std::io::Result<()> {
    /// # let word = format!("listener-{}", std::process::id());
    /// let name = word.to_ns_name::<GenericNamespaced>()?;
    /// let listener = ListenerOptions::new().name(name.borrow()).create_sync()?;
    /// # let client = LocalSocketStream::connect(name)?;
    /// for stream in listener.incoming() {
    ///     stream?.write_all(b"hello\n")?;
    /// #   break;
    /// }
    /// # let mut text = String::new();
    /// # (&client).read_to_string(&mut text)?;
    /// # assert_eq!(text, "hello\n");
    /// # Ok(()) }
    /// ```
    pub enum Listener(imp::Listener);
}

/// Non-blocking mode of a listener and of the streams that it accepts.
///
/// A non-blocking operation fails with `WouldBlock` where it would have to wait.
#[repr(u8)]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ListenerNonblockingMode {
    /// Accepting and accepted streams block.
    Neither,
    /// Accepting is non-blocking.
    Accept,
    /// Accepted streams are non-blocking.
    Stream,
    /// Accepting and accepted streams are non-blocking.
    Both,
}

impl ListenerNonblockingMode {
    /// Returns the mode in which accepting and accepted streams are non-blocking as given.
    #[must_use]
    pub const fn from_bool(accept: bool, stream: bool) -> Self {
        match (accept, stream) {
            (false, false) => Self::Neither,
            (true, false) => Self::Accept,
            (false, true) => Self::Stream,
            (true, true) => Self::Both,
        }
    }

    /// Returns whether accepting is non-blocking.
    #[must_use]
    pub const fn accept_nonblocking(self) -> bool {
        matches!(self, Self::Accept | Self::Both)
    }

    /// Returns whether accepted streams are non-blocking.
    #[must_use]
    pub const fn stream_nonblocking(self) -> bool {
        matches!(self, Self::Stream | Self::Both)
    }
}

impl traits::Listener for Listener {
    type Stream = Stream;

    fn accept(&self) -> io::Result<Stream> {
        self.backend().accept().map(Stream::from)
    }
    fn set_nonblocking(&self, nonblocking: ListenerNonblockingMode) -> io::Result<()> {
        self.backend().set_nonblocking(nonblocking)
    }
    fn set_accept_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.backend().set_accept_timeout(timeout)
    }
    fn set_accept_filter(&mut self, filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static) {
        self.backend_mut().set_accept_filter(filter);
    }
    fn close(&self) -> io::Result<()> {
        self.backend().close()
    }
    fn is_closed(&self) -> bool {
        self.backend().is_closed()
    }
    fn give_up_name(&self) {
        self.backend().give_up_name();
    }
    fn local_name(&self) -> io::Result<Name<'static>> {
        self.backend().local_name()
    }
    fn do_not_reclaim_name_on_drop(&mut self) {
        self.backend_mut().do_not_reclaim_name_on_drop();
    }
    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        imp::Listener::from_options(options).map(Self::from)
    }
}

impl Iterator for Listener {
    type Item = io::Result<Stream>;
    fn next(&mut self) -> Option<Self::Item> {
        next_client(self)
    }
}
impl FusedIterator for Listener {}

/// An iterator that accepts clients until the listener is [closed](traits::Listener::close).
///
/// [`incoming`](traits::ListenerExt::incoming) creates it. Each item is the result of one
/// [`accept`](traits::Listener::accept). After an error the iterator goes on, and the next item can
/// be the same error at once: `WouldBlock` in non-blocking mode, or `EMFILE` until the process has
/// closed a descriptor. A server that goes on after such an error should pause first.
#[derive(Debug)]
pub struct Incoming<'a, L> {
    listener: &'a L,
}

impl<'a, L: traits::Listener> From<&'a L> for Incoming<'a, L> {
    fn from(listener: &'a L) -> Self {
        Self { listener }
    }
}

impl<L: traits::Listener> Iterator for Incoming<'_, L> {
    type Item = io::Result<L::Stream>;
    fn next(&mut self) -> Option<Self::Item> {
        next_client(self.listener)
    }
}
impl<L: traits::Listener> FusedIterator for Incoming<'_, L> {}

/// Accepts the next client. Returns `None` if the listener is closed.
pub(crate) fn next_client<L: traits::Listener>(listener: &L) -> Option<io::Result<L::Stream>> {
    match listener.accept() {
        Err(_) if listener.is_closed() => None,
        result => Some(result),
    }
}
