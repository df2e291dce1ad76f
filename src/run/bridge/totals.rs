use crate::{
    diag::counted,
    transfer::{Party, TransferReport},
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Totals of all connections.
#[derive(Debug, Default)]
pub(super) struct Totals {
    connections: AtomicU64,
    to_targets: AtomicU64,
    to_clients: AtomicU64,
}

impl Totals {
    /// Adds a connection that has ended.
    pub(super) fn add(&self, report: &TransferReport) {
        let (to_target, to_client) = report.delivered();
        self.connections.fetch_add(1, Relaxed);
        self.to_targets.fetch_add(to_target, Relaxed);
        self.to_clients.fetch_add(to_client, Relaxed);
    }

    /// Logs the totals of the connections to this party, if there were some.
    pub(super) fn log(&self, target: Party) {
        let connections = self.connections.load(Relaxed);
        if connections > 0 {
            let connections = counted(connections, "connection");
            let (sent, received) = (self.to_targets.load(Relaxed), self.to_clients.load(Relaxed));
            let [there, back] = [sent, received].map(|bytes| counted(bytes, "byte"));
            let (to_target, from_target) =
                if target == Party::Peer { ("sent", "received") } else { ("to targets", "back") };
            tracing::info!(
                sent,
                received,
                "in total: {connections}, {there} {to_target}, {back} {from_target}"
            );
        }
    }
}
