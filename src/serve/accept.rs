use super::{Limits, Place};
use crate::{diag::Failure, system::listening};
use local_socket::{
    Listener, PeerCreds, Stream,
    traits::{Listener as _, StreamCommon as _},
};
use std::{
    io::{self, ErrorKind},
    sync::Arc,
    thread,
    time::Duration,
};

/// Accepts those clients that may be served.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: Arc<Listener>,
    allowed: listening::Allowed,
    limits: Arc<Limits>,
    count: u64,
}

/// A client that is to be served.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: Stream,
    pub(crate) peer: PeerCreds,
    /// The how manieth it is, from 1 on.
    pub(crate) number: u64,
    /// Its place among those that are served at a time.
    pub(crate) place: Place,
}

/// How long to wait before accepting again when there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

impl Acceptor {
    pub(crate) fn new(
        listener: Arc<Listener>,
        allowed: listening::Allowed,
        limits: Limits,
    ) -> Self {
        Self { listener, allowed, limits: Arc::new(limits), count: 0 }
    }

    /// Waits for a client; `None` once the listener is closed.
    pub(crate) fn next(&mut self) -> Result<Option<Client>, Failure> {
        loop {
            self.limits.wait_for_place();
            match self.listener.accept() {
                Ok(stream) => {
                    if let Some(client) = self.admit(stream) {
                        return Ok(Some(client));
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(None),
                Err(error) if is_passing(&error) => {
                    tracing::warn!(%error, "cannot accept now: trying again");
                    thread::sleep(PAUSE);
                }
                Err(error) => {
                    return Err(Failure::Io { what: "cannot accept a client", error });
                }
            }
        }
    }

    /// Waits until nobody is served any more.
    pub(crate) fn wait_until_idle(&self) {
        self.limits.wait_until_empty();
    }

    fn admit(&mut self, stream: Stream) -> Option<Client> {
        let peer = match stream.peer_creds() {
            Ok(peer) => peer,
            Err(error) => {
                tracing::warn!(%error, "refused a client of which the system tells nothing");
                return None;
            }
        };
        if !self.allowed.admits(&peer) {
            tracing::warn!("refused a client that may not connect: {}", listening::describe(&peer));
            return None;
        }
        let Some(place) = self.limits.take_place(listening::user(&peer)) else {
            let client = listening::describe(&peer);
            tracing::warn!("refused a client of a user who has enough connections: {client}");
            return None;
        };
        self.count += 1;
        let number = self.count;
        tracing::info!("connection {number} from {}", listening::describe(&peer));
        Some(Client { stream, peer, number, place })
    }
}

/// Whether accepting may work again when other things of this system or process have
/// ended (`accept(2)`).
fn is_passing(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    error.kind() == ErrorKind::OutOfMemory
        || cfg!(unix) && matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
}
