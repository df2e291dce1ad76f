use local_socket::{Listener, tokio, traits::tokio::Listener as _};
use std::io;

/// An accepted client.
pub(crate) type LocalClient = tokio::Stream;

/// A listener on a named pipe that is registered with an event loop.
#[derive(Debug)]
pub(crate) struct LocalListener(tokio::Listener);

impl LocalListener {
    /// Registers the listener with the event loop of the caller.
    pub(crate) fn new(listener: Listener) -> io::Result<Self> {
        listener.try_into().map(Self)
    }

    /// Waits for a client. Cancel safe: no accepted client is lost.
    pub(crate) async fn accept(&self) -> io::Result<LocalClient> {
        self.0.accept().await
    }

    /// Does nothing: the system removes the name with the last instance of the pipe.
    #[expect(clippy::unused_self, reason = "other systems remove it earlier")]
    pub(crate) fn give_up_name(&self) {}

    /// Returns nothing: the system refuses clients only when the pipe is closed.
    #[expect(clippy::unused_self, reason = "other systems refuse them earlier")]
    pub(crate) fn accept_last(&self) -> Vec<LocalClient> {
        Vec::new()
    }
}
