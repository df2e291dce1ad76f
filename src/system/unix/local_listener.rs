use local_socket::{Listener, ListenerNonblockingMode, Stream, traits::Listener as _};
use lsock_startup::Watched;
use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    os::fd::AsFd,
};

/// An accepted client.
pub(crate) type LocalClient = Stream;

/// A listener on a local socket that is registered with an event loop. Accepted clients are in no
/// event loop.
#[derive(Debug)]
pub(crate) struct LocalListener {
    /// A duplicate of the descriptor of the listener.
    watched: Watched,
    listener: Listener,
}

impl LocalListener {
    /// Registers the listener with the event loop of the caller.
    pub(crate) fn new(listener: Listener) -> io::Result<Self> {
        listener.set_nonblocking(ListenerNonblockingMode::Accept)?;
        let watched = Watched::new(listener.as_fd().try_clone_to_owned()?)?;
        Ok(Self { watched, listener })
    }

    /// Waits for a client. Cancel safe: no accepted client is lost.
    pub(crate) async fn accept(&self) -> io::Result<LocalClient> {
        loop {
            poll_fn(|cx| self.watched.poll_read_ready(cx)).await?;
            match self.watched.try_read(|_| self.listener.accept()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                accepted => return accepted,
            }
        }
    }

    /// Removes the name, if the system can do so before the socket is closed. Clients in the
    /// backlog can still be accepted.
    pub(crate) fn give_up_name(&self) {
        self.listener.give_up_name();
    }
}
