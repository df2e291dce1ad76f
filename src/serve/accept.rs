//! Accepts one client after another, without an event loop.

use super::{
    Admission, Admitted,
    accept_errors::{AcceptErrors, AcceptRetry},
};
use crate::{
    diag::Failure,
    system::{Output, Receivable, listening::Allowed, peer, poll},
};
use local_socket::{Listener, PeerCreds, Stream, traits::Listener as _};
use std::{io::ErrorKind, sync::Arc, thread, time::Duration};

/// Accepts the clients that are admitted.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: Arc<Listener>,
    allowed: Allowed,
    admission: Admission,
    errors: AcceptErrors,
}

/// Pause before the next attempt after errors.
const PAUSE: Duration = Duration::from_millis(100);

impl Acceptor {
    pub(crate) fn new(listener: Arc<Listener>, allowed: Allowed, admission: Admission) -> Self {
        Self { listener, allowed, admission, errors: AcceptErrors::default() }
    }

    /// Waits for a client. Returns `None` when the listener is closed, or when the reader of
    /// `output`, to which clients are joined, has closed.
    pub(crate) fn next(
        &mut self,
        output: Option<&Output>,
    ) -> Result<Option<(Stream, Admitted)>, Failure> {
        loop {
            if let Some(output) = output.filter(|output| output.has_reader())
                && poll::to_accept(&self.listener, output)
                    .is_ok_and(|it| it == Receivable::OutputGone)
            {
                tracing::info!("the reader of stdout has closed it");
                return Ok(None);
            }
            match self.listener.accept() {
                Ok(stream) => {
                    self.errors.accepted();
                    let describe = |peer: &PeerCreds| peer::describe(peer, &stream);
                    let rules = &self.allowed;
                    let creds = || rules.credentials(&stream);
                    let admitted = self.admission.admit(Some(rules), creds, describe, None);
                    if let Some(admitted) = admitted {
                        return Ok(Some((stream, admitted)));
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(None),
                Err(error) => {
                    if self.errors.failed(error)? == AcceptRetry::AfterAPause {
                        thread::sleep(PAUSE);
                    }
                }
            }
        }
    }
}
