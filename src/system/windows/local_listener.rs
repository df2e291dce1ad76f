use local_socket::{Listener, tokio, traits::tokio::Listener as _};
use std::io;

/// A client that has been accepted.
pub(crate) type LocalClient = tokio::Stream;

/// A listener on a named pipe, in an event loop.
#[derive(Debug)]
pub(crate) struct LocalListener(tokio::Listener);

impl LocalListener {
    /// Has the event loop that runs this watch it.
    pub(crate) fn new(listener: Listener) -> io::Result<Self> {
        listener.try_into().map(Self)
    }

    /// Waits for a client. Cancelling loses nobody.
    pub(crate) async fn accept(&self) -> io::Result<LocalClient> {
        self.0.accept().await
    }

    /// A pipe's name goes with its last instance.
    #[expect(clippy::unused_self, reason = "other systems can give it up")]
    pub(crate) fn give_up_name(&self) {}
}
