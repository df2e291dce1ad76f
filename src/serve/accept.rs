//! Accepting without an event loop, one client after another.

use super::{Admission, Admitted};
use crate::{diag::Failure, system::has_too_much_open};
use local_socket::{
    Listener, Stream,
    traits::{Listener as _, StreamCommon as _},
};
use std::{io::ErrorKind, sync::Arc, thread, time::Duration};

/// Accepts those clients that may be served.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: Arc<Listener>,
    admission: Admission,
}

/// How long to wait before accepting again when there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

impl Acceptor {
    pub(crate) fn new(listener: Arc<Listener>, admission: Admission) -> Self {
        Self { listener, admission }
    }

    /// Waits for a client; `None` once the listener is closed.
    pub(crate) fn next(&mut self) -> Result<Option<(Stream, Admitted)>, Failure> {
        loop {
            match self.listener.accept() {
                Ok(stream) => {
                    if let Some(admitted) = self.admission.admit(|| stream.peer_creds(), None) {
                        return Ok(Some((stream, admitted)));
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(None),
                Err(error) if has_too_much_open(&error) => {
                    tracing::warn!(%error, "cannot accept now: trying again");
                    thread::sleep(PAUSE);
                }
                Err(error) => {
                    return Err(Failure::Io { what: "cannot accept a client", error });
                }
            }
        }
    }
}
