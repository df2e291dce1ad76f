use local_socket::{Listener, ListenerNonblockingMode, Stream, traits::Listener as _};
use lsock_startup::Watched;
use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    os::fd::AsFd,
};

/// A client that has been accepted.
pub(crate) type LocalClient = Stream;

/// A listener on a local socket, in the event loop that it was made in. Its clients are in
/// none yet.
#[derive(Debug)]
pub(crate) struct LocalListener {
    /// A second descriptor of the listener's socket.
    watched: Watched,
    listener: Listener,
}

impl LocalListener {
    /// Has the event loop that runs this watch it.
    pub(crate) fn new(listener: Listener) -> io::Result<Self> {
        listener.set_nonblocking(ListenerNonblockingMode::Accept)?;
        let watched = Watched::new(listener.as_fd().try_clone_to_owned()?)?;
        Ok(Self { watched, listener })
    }

    /// Waits for a client. Cancelling loses nobody.
    pub(crate) async fn accept(&self) -> io::Result<LocalClient> {
        loop {
            poll_fn(|cx| self.watched.poll_read_ready(cx)).await?;
            match self.watched.try_read(|_| self.listener.accept()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                accepted => return accepted,
            }
        }
    }

    /// Nobody can connect any more, as far as the name can go before the socket does.
    pub(crate) fn give_up_name(&self) {
        self.listener.give_up_name();
    }
}
