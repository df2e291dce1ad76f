use super::{Limits, limits::Permit};
use crate::system::listening::{self, Allowed};
use local_socket::PeerCreds;
use std::{io, net::SocketAddr, num::NonZeroUsize, process, sync::Arc};

/// Decides which clients are served, and numbers them.
#[derive(Debug)]
pub(crate) struct Admission {
    /// `None` for clients without credentials, such as those of TCP.
    allowed: Option<Allowed>,
    limits: Arc<Limits>,
    count: u64,
}

/// An admitted client.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) peer: Option<Box<PeerCreds>>,
    /// Sequence number of the connection, starting at 1.
    pub(crate) number: u64,
    /// Counts the client as served until it is dropped.
    pub(crate) permit: Permit,
}

impl Admission {
    pub(crate) fn new(allowed: Option<Allowed>, limits: Limits) -> Self {
        Self { allowed, limits: Arc::new(limits), count: 0 }
    }

    /// Limits the number of clients at a time to one.
    pub(crate) fn one_at_a_time(&mut self) {
        self.limits = Arc::new(Limits::new(Some(NonZeroUsize::MIN), None));
    }

    pub(super) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Checks the credentials of a client and the limits, and numbers the client. A client of a TCP
    /// port has an address instead of credentials. `describe` formats the client for messages.
    pub(super) fn admit(
        &mut self,
        peer: impl FnOnce() -> io::Result<PeerCreds>,
        describe: impl Fn(&PeerCreds) -> String,
        address: Option<SocketAddr>,
    ) -> Option<Admitted> {
        let Some(allowed) = &self.allowed else { return self.number(None, describe, address) };
        let peer = match peer() {
            Ok(peer) => peer,
            Err(error) => {
                tracing::warn!(%error, "refused a client whose credentials the system does not report");
                return None;
            }
        };
        if !allowed.admits(&peer) {
            tracing::warn!("refused a client that may not connect: {}", describe(&peer));
            return None;
        }
        // The name of a target can come to lead to this listener after the start, by a link for
        // example, so it is not enough to compare the names.
        if peer.pid().is_some_and(|pid| i64::from(pid) == i64::from(process::id())) {
            tracing::warn!("refused a connection of this process: the target leads back to it");
            return None;
        }
        self.number(Some(Box::new(peer)), describe, None)
    }

    fn number(
        &mut self,
        peer: Option<Box<PeerCreds>>,
        describe: impl Fn(&PeerCreds) -> String,
        address: Option<SocketAddr>,
    ) -> Option<Admitted> {
        let Some(permit) = self.limits.take_permit(peer.as_deref().and_then(listening::user))
        else {
            let client = peer.as_deref().map(describe).unwrap_or_default();
            tracing::warn!("refused a client of a user who has enough connections: {client}");
            return None;
        };
        self.count += 1;
        let number = self.count;
        match (&peer, address) {
            (Some(peer), _) => {
                tracing::info!("connection {number} from {}", describe(peer));
            }
            (None, Some(address)) => tracing::info!("connection {number} from tcp:{address}"),
            (None, None) => tracing::info!("connection {number}"),
        }
        Some(Admitted { peer, number, permit })
    }
}
