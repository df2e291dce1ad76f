//! The observers of a command, and what they see of the two ends of a connection.

use crate::{
    inspect::Observers,
    serve::Client,
    system::{Socket, peer::PeerProcess},
    transfer::{ConnectionEnds, Observation, Observer, Role},
};
use local_socket::Stream;
use std::sync::Arc;

/// The observers of a command, and the names of the ends of its connections.
#[derive(Clone, Debug)]
pub(super) struct ObservedConnections {
    observation: Observation,
    /// The role of the peer: of the client of a listener, or of the server of `connect`.
    peer: Role,
    name: String,
    target: Option<String>,
}

impl ObservedConnections {
    /// Creates the observation of connections whose first end is the peer. `peer` is its role, `name`
    /// the name that clients connect to, and `target` what they are joined to.
    pub(super) fn of_peers(
        observers: &Arc<Observers>,
        peer: Role,
        name: String,
        target: Option<String>,
    ) -> Self {
        let observation = Observation::new(Arc::clone(observers) as Arc<dyn Observer>, peer);
        Self { observation, peer, name, target }
    }

    /// Creates the observation of connections whose first end is standard input and output. `peer` is
    /// the role of the other end.
    pub(super) fn of_stdio(observers: &Arc<Observers>, peer: Role, name: String) -> Self {
        let observation =
            Observation::new(Arc::clone(observers) as Arc<dyn Observer>, peer.other());
        Self { observation, peer, name, target: None }
    }

    pub(super) fn observation(&self) -> &Observation {
        &self.observation
    }

    /// Reports that a connection of the standard streams begins.
    pub(super) fn connected(&self, number: u64, stream: &Stream) {
        self.observation.connected(number, &self.ends(PeerProcess::of(stream)));
    }

    /// Returns the ends of a client's connection, whose target is not known yet.
    pub(super) async fn ends_of(&self, client: &Client) -> Box<ConnectionEnds> {
        let process = match &client.peer {
            Some(peer) => Some(PeerProcess::of_socket(&client.socket, peer).await),
            None => None,
        };
        let mut ends = ConnectionEnds { address: client.address, ..self.ends(process) };
        if let Some(listener) = &client.listener {
            ends.name.clone_from(&listener.address);
        }
        Box::new(ends)
    }

    fn ends(&self, peer: Option<PeerProcess>) -> ConnectionEnds {
        let ends = ConnectionEnds {
            name: self.name.clone(),
            target: self.target.clone(),
            ..ConnectionEnds::default()
        };
        match self.peer {
            Role::Client => ConnectionEnds { client: peer, ..ends },
            Role::Server => ConnectionEnds { server: peer, ..ends },
        }
    }
}

/// Returns the process of a target, if the system reports it.
pub(super) async fn process_of(target: &Socket) -> Option<PeerProcess> {
    let peer = target.peer_creds().ok()?;
    Some(PeerProcess::of_socket(target, &peer).await)
}
