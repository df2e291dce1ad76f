use crate::diag::Failure;
use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};
use tokio::sync::watch;

/// What is asked of those that serve clients.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum ShutdownPhase {
    /// To go on.
    Serving,
    /// To accept nobody any more; of this signal, if it is one.
    Draining(Option<i32>),
    /// To close what is still open, after this signal.
    Closing(Option<i32>),
}

impl ShutdownPhase {
    /// The signal that asked for it, if one did.
    fn signal(self) -> Option<i32> {
        match self {
            Self::Serving => None,
            Self::Draining(signal) | Self::Closing(signal) => signal,
        }
    }
}

/// Asks those that serve clients to end.
#[derive(Debug)]
pub(super) struct ShutdownControl {
    phase: watch::Sender<ShutdownPhase>,
    /// Dropped when the name has gone.
    name: Mutex<Option<mpsc::Sender<()>>>,
}

/// Tells those that serve clients what is asked of them.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<ShutdownPhase>);

/// A second signal ends the process at once, but for the time that it takes to remove the
/// name.
const NAME_TIME: Duration = Duration::from_millis(500);

impl ShutdownControl {
    /// Begins to watch for signals.
    pub(super) fn start() -> Result<(Self, Shutdown), Failure> {
        let (phase, receiver) = watch::channel(ShutdownPhase::Serving);
        let (name, name_goes) = mpsc::channel();
        let on_signal = phase.clone();
        super::on_termination(move |signal| {
            let mut is_second = false;
            on_signal.send_if_modified(|phase| {
                is_second = phase.signal().is_some();
                if !is_second {
                    *phase = ShutdownPhase::Draining(Some(signal));
                }
                !is_second
            });
            tracing::info!("got signal {signal}: nobody is accepted any more");
            // The sender is dropped, not used.
            let _: Result<(), RecvTimeoutError> = name_goes.recv_timeout(NAME_TIME);
            if is_second {
                super::die(signal);
            }
        })
        .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
        Ok((Self { phase, name: Mutex::new(Some(name)) }, Shutdown(receiver)))
    }

    /// The name has gone.
    pub(super) fn name_is_gone(&self) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Nobody is accepted any more, for another reason than a signal.
    pub(super) fn drain(&self) {
        self.phase.send_if_modified(|phase| {
            let is_new = *phase == ShutdownPhase::Serving;
            if is_new {
                *phase = ShutdownPhase::Draining(None);
            }
            is_new
        });
    }

    /// What is still open is to be closed.
    pub(super) fn close(&self) {
        self.phase.send_modify(|phase| *phase = ShutdownPhase::Closing(phase.signal()));
    }
}

impl Shutdown {
    /// Waits until nobody is to be accepted any more.
    pub(crate) async fn draining(&mut self) {
        // Without the sender everything has ended.
        let _ = self.0.wait_for(|phase| *phase != ShutdownPhase::Serving).await;
    }

    /// Waits until what is open is to be closed.
    pub(crate) async fn closing(&mut self) {
        let _ = self.0.wait_for(|phase| matches!(phase, ShutdownPhase::Closing(_))).await;
    }

    /// Waits for a signal.
    pub(super) async fn signal(&mut self) -> i32 {
        loop {
            if let Some(signal) = self.signal_so_far() {
                return signal;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The signal that asked to end, if one did.
    pub(super) fn signal_so_far(&self) -> Option<i32> {
        self.0.borrow().signal()
    }
}
