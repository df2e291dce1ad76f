use super::accepting::Accepting;
use local_socket::{Listener, ListenerNonblockingMode, Stream, traits::Listener as _};
use rustix::net::Shutdown;
use std::{io, os::fd::AsFd};

/// An accepted client.
pub(crate) type LocalClient = Stream;

/// A listener on a local socket that is registered with an event loop. Accepted clients are
/// non-blocking and in no event loop.
#[derive(Debug)]
pub(crate) struct LocalListener {
    accepting: Accepting,
    listener: Listener,
}

impl LocalListener {
    /// Registers the listener with the event loop of the caller.
    pub(crate) fn new(listener: Listener) -> io::Result<Self> {
        listener.set_nonblocking(ListenerNonblockingMode::Both)?;
        let accepting = Accepting::new(listener.as_fd().try_clone_to_owned()?)?;
        Ok(Self { accepting, listener })
    }

    /// Waits for a client. Cancel safe: no accepted client is lost.
    pub(crate) async fn accept(&self) -> io::Result<LocalClient> {
        self.accepting.next(|| self.listener.accept()).await
    }

    /// Removes the name, if the system can do so before the socket is closed. Clients in the
    /// backlog can still be accepted.
    pub(crate) fn give_up_name(&self) {
        self.listener.give_up_name();
    }

    /// Has the system refuse further clients, where it can do so before the socket is closed, and
    /// accepts those that have connected before. The socket must not belong to other processes too.
    pub(crate) fn accept_last(&self) -> Vec<LocalClient> {
        // Linux refuses clients of a socket that receives nothing more; accept(2) returns those that
        // were in the backlog, and then fails. Other systems do not shut down listening sockets.
        let _ = rustix::net::shutdown(self.listener.as_fd(), Shutdown::Read);
        std::iter::from_fn(|| self.listener.accept().ok()).collect()
    }
}
