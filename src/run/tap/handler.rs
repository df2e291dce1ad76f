use crate::{
    diag::{Failure, Outcome, quoted},
    endpoint::NameKeeper,
    inspect::tap::{StandIn, StandInEnd},
    run::bridge::Bridge,
    serve::{Client, Handler},
    system::Lifeline,
};
use local_socket::Name;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// The name of a tapped server. Giving it back is reported to the process that has started this one.
#[derive(Debug)]
pub(super) struct TappedName {
    pub(super) stand_in: Arc<StandIn>,
    pub(super) lifeline: Option<Arc<Lifeline>>,
}

impl NameKeeper for TappedName {
    fn give_up(&self) {
        self.stand_in.restore();
        if let Some(lifeline) = &self.lifeline {
            lifeline.report();
        }
    }
}

/// Joins clients to the server, and logs at the end where the socket files are.
#[derive(Debug)]
pub(super) struct TapHandler {
    pub(super) bridge: Bridge,
    pub(super) over: CancellationToken,
    pub(super) stand_in: Arc<StandIn>,
    pub(super) name: Name<'static>,
}

impl Handler for TapHandler {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        let number = client.number;
        match self.bridge.serve(client).await {
            // The connection failed because the tap cannot go on, for a reason of its own.
            Err(failure) if self.over.is_cancelled() => {
                tracing::warn!(conn = number, "connection {number}: {failure}");
                Ok(Outcome::Done)
            }
            result => result,
        }
    }

    fn over(&self) -> &CancellationToken {
        &self.over
    }

    fn finished(&self, left: Option<Duration>) {
        self.bridge.finished(left);
        let (name, aside) = (&self.name, self.stand_in.paths().aside_text());
        match self.stand_in.restore() {
            StandInEnd::ServerBack => tracing::info!("the socket file is back at {name}"),
            StandInEnd::ServerFileGone => {
                tracing::warn!(
                    "the socket file of the server was removed from {aside}: nothing is at {name}"
                );
            }
            StandInEnd::Failed(reason) => {
                let word = quoted(&name.to_string());
                tracing::error!(
                    "cannot put back the socket file of {name}: {reason}; it is at {aside}, and \
                     `lsock tap --restore {word}` puts it back"
                );
            }
            StandInEnd::NotOurs => match self.stand_in.clean_up() {
                Ok(false) => {}
                Ok(true) => tracing::warn!(
                    "the server that was tapped still listens, but no longer at {name}: its socket \
                     file is {aside}"
                ),
                Err(problem) => tracing::warn!("{aside} was not removed: {problem}"),
            },
        }
    }
}
