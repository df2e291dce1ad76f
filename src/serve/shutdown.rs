use crate::diag::Failure;
use std::{
    sync::{
        Arc, OnceLock,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// The shutdown of a server: the termination signal, and the request to close open connections.
#[derive(Debug)]
pub(super) struct Shutdown {
    signal: Arc<FirstSignal>,
    closing: CancellationToken,
    /// Dropped when the name has been removed.
    name: Option<mpsc::Sender<()>>,
}

/// The first termination signal.
#[derive(Debug, Default)]
struct FirstSignal {
    number: OnceLock<i32>,
    arrived: CancellationToken,
}

/// The longest time that a second signal waits for the removal of the name.
const NAME_TIME: Duration = Duration::from_millis(500);

impl Shutdown {
    /// Starts to watch for signals.
    pub(super) fn start() -> Result<Self, Failure> {
        let signal = Arc::new(FirstSignal::default());
        let (name, name_is_removed) = mpsc::channel();
        let first = Arc::clone(&signal);
        super::on_termination(move |number| {
            let is_second = first.number.set(number).is_err();
            first.arrived.cancel();
            tracing::info!("got signal {number}: no further client is accepted");
            // The sender is only dropped, never used.
            let _: Result<(), RecvTimeoutError> = name_is_removed.recv_timeout(NAME_TIME);
            if is_second {
                super::die(number);
            }
        })
        .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
        Ok(Self { signal, closing: CancellationToken::new(), name: Some(name) })
    }

    /// Records that the name has been removed.
    pub(super) fn name_is_removed(&mut self) {
        self.name = None;
    }

    /// Waits for a termination signal.
    pub(super) async fn signalled(&self) {
        self.signal.arrived.cancelled().await;
    }

    /// Returns the termination signal, if one has arrived.
    pub(super) fn signal(&self) -> Option<i32> {
        self.signal.number.get().copied()
    }

    /// Returns the token that is cancelled when open connections must be closed.
    pub(super) fn closing(&self) -> &CancellationToken {
        &self.closing
    }
}
