//! Accepts clients in an event loop and hands them to several event loops.

use super::{
    Admission, Admitted, Client, Handler,
    accept_errors::{AcceptErrors, AcceptRetry},
    server::ServerShared,
};
use crate::{
    diag::Failure,
    endpoint::{Accepted, ClientSource},
    system::Detached,
    transfer::tasks::EventLoops,
};
use local_socket::PeerCreds;
use std::{future::poll_fn, io, pin::pin, sync::Arc, task::Poll, time::Duration};
use tokio_util::sync::CancellationToken;

/// Pause before the next attempt after errors. It ends early when a client ends, because that may
/// free descriptors.
const PAUSE: Duration = Duration::from_millis(250);

/// Why no further client is accepted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum AcceptingEnd {
    /// A signal, the handler, or the only client.
    Asked,
    /// Nobody has been connected for the time of the options.
    Idle,
}

/// Accepts clients and hands them to event loops.
#[derive(Debug)]
pub(super) struct LoopAcceptor<'a, H> {
    pub(super) admission: Admission,
    pub(super) loops: &'a EventLoops,
    pub(super) shared: &'a Arc<ServerShared<H>>,
    pub(super) closing: CancellationToken,
}

impl<H: Handler> LoopAcceptor<'_, H> {
    /// Accepts clients until nobody has been connected for the time, if one is given.
    pub(super) async fn until_idle(
        &mut self,
        source: &ClientSource,
        exit_idle: Option<Duration>,
    ) -> Result<AcceptingEnd, Failure> {
        let Some(time) = exit_idle else {
            return self.for_ever(source).await.map(|()| AcceptingEnd::Asked);
        };
        let limits = Arc::clone(self.admission.limits());
        loop {
            tokio::select! {
                biased;
                accepted = self.for_ever(source) => return accepted.map(|()| AcceptingEnd::Asked),
                () = limits.wait_until_idle(time) => {}
            }
            // Only the end of the backlog of an own socket is known: the system refuses clients then.
            // Here, those that are found at this moment are served, and later ones by the next start.
            if source.is_inherited()
                && let Poll::Ready(Ok(client)) = accept_now(source).await
            {
                self.hand_over(client);
                continue;
            }
            let time = humantime::format_duration(time);
            tracing::info!("nobody was connected for {time}: no further client is accepted");
            return Ok(AcceptingEnd::Idle);
        }
    }

    /// Accepts clients without end. Cancel safe: no accepted client is lost.
    pub(super) async fn for_ever(&mut self, source: &ClientSource) -> Result<(), Failure> {
        let limits = Arc::clone(self.admission.limits());
        let mut errors = AcceptErrors::default();
        loop {
            limits.wait_for_permit().await;
            match source.accept().await {
                Ok(client) => {
                    errors.accepted();
                    if self.hand_over(client) && self.shared.once {
                        return Ok(());
                    }
                }
                Err(error) => {
                    if errors.failed(error)? == AcceptRetry::AfterAPause {
                        let _ = tokio::time::timeout(PAUSE, limits.wait_for_change()).await;
                    }
                }
            }
        }
    }

    /// Spawns the service of a client if it is admitted. Returns whether it is.
    pub(super) fn hand_over(&mut self, client: Accepted) -> bool {
        let (address, listener) = (client.address(), client.socket().cloned());
        let describe = |peer: &PeerCreds| client.describe(peer);
        let allowed = client.allowed();
        let admitted = self.admission.admit(allowed, || client.peer(), describe, address);
        let Some(admitted) = admitted else { return false };
        let Admitted { peer, number, permit } = admitted;
        let (shared, closing) = (Arc::clone(self.shared), self.closing.clone());
        let client = Detached::from(client);
        self.loops.spawn(move || async move {
            let client = || {
                let socket = client.attach()?;
                Ok(Client { socket, peer, address, listener, number, closing })
            };
            shared.serve(client, number, permit).await;
        });
        true
    }
}

/// Accepts the clients that are already in the backlog.
pub(super) async fn accept_backlog(source: &ClientSource) -> Vec<Accepted> {
    let mut clients = Vec::new();
    let mut errors = AcceptErrors::default();
    loop {
        let before = clients.len();
        let mut next = accept_now(source).await;
        while let Poll::Ready(accepted) = next {
            match accepted {
                Ok(client) => {
                    errors.accepted();
                    clients.push(client);
                }
                Err(error) => {
                    if let Err(failure) = errors.failed(error) {
                        tracing::warn!("clients in the backlog are not served: {failure}");
                        return clients;
                    }
                    if errors.are_too_many() {
                        tracing::warn!("clients in the backlog are not served: accepting fails");
                        return clients;
                    }
                }
            }
            next = at_once(source.accept()).await;
        }
        if clients.len() == before {
            return clients;
        }
    }
}

/// Accepts a client if one is in the backlog.
async fn accept_now(source: &ClientSource) -> Poll<io::Result<Accepted>> {
    // Yield, so that the event loop polls the listener and this task gets a new budget.
    tokio::task::yield_now().await;
    at_once(source.accept()).await
}

/// Polls the future once.
async fn at_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}
