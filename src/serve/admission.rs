use super::{Limits, limits::Permit};
use crate::system::{
    listening::{self, Allowed},
    peer,
};
use local_socket::PeerCreds;
use std::{io, net::SocketAddr, num::NonZeroUsize, process, sync::Arc};

/// Decides which clients are served, and numbers them.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Arc<Limits>,
    count: u64,
    /// The number of this process, for which every query is a system call.
    own_pid: u32,
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
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits: Arc::new(limits), count: 0, own_pid: process::id() }
    }

    /// Limits the number of clients at a time to one.
    pub(crate) fn one_at_a_time(&mut self) {
        self.limits = Arc::new(Limits::new(Some(NonZeroUsize::MIN), None));
    }

    pub(super) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Checks the credentials of a client by the rules of its listener, and the limits, and numbers
    /// the client. A client of a TCP port has an address instead of credentials, and there are no
    /// rules. `describe` formats the client for messages.
    pub(super) fn admit(
        &mut self,
        allowed: Option<&Allowed>,
        peer: impl FnOnce() -> io::Result<PeerCreds>,
        describe: impl Fn(&PeerCreds) -> String,
        address: Option<SocketAddr>,
    ) -> Option<Admitted> {
        let Some(allowed) = allowed else { return self.number(None, describe, address) };
        let peer = match peer() {
            Ok(peer) => peer,
            Err(error) => {
                tracing::warn!(%error, "refused a client whose credentials the system does not report");
                return None;
            }
        };
        if !allowed.admits(&peer) {
            let (peer_pid, peer_uid) = peer::numbers(&peer);
            tracing::warn!(
                peer_pid,
                peer_uid,
                "refused a client that may not connect: {}",
                describe(&peer)
            );
            return None;
        }
        // The name of a target can come to lead to this listener after the start, by a link for
        // example, so it is not enough to compare the names.
        if peer.pid().is_some_and(|pid| i64::from(pid) == i64::from(self.own_pid)) {
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
            let (peer_pid, peer_uid) = peer.as_deref().map(peer::numbers).unwrap_or_default();
            tracing::warn!(
                peer_pid,
                peer_uid,
                "refused a client of a user who has enough connections: {client}"
            );
            return None;
        };
        self.count += 1;
        let number = self.count;
        match (&peer, address) {
            (Some(peer), _) => {
                let (peer_pid, peer_uid) = peer::numbers(peer);
                tracing::info!(
                    conn = number,
                    peer_pid,
                    peer_uid,
                    "connection {number} from {}{}",
                    describe(peer),
                    peer::program(peer)
                );
            }
            (None, Some(address)) => {
                tracing::info!(conn = number, "connection {number} from tcp:{address}");
            }
            (None, None) => tracing::info!(conn = number, "connection {number}"),
        }
        Some(Admitted { peer, number, permit })
    }
}
