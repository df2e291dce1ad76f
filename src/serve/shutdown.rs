use crate::diag::Failure;
use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};
use tokio::sync::watch;

/// The phases of a server.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum ShutdownPhase {
    /// Clients are accepted.
    Serving,
    /// No further client is accepted. Holds the signal, if one was the reason.
    Draining(Option<i32>),
    /// Open connections are closed. Holds the signal, if one was the reason.
    Closing(Option<i32>),
}

impl ShutdownPhase {
    /// Returns the signal that was the reason, if any.
    fn signal(self) -> Option<i32> {
        match self {
            Self::Serving => None,
            Self::Draining(signal) | Self::Closing(signal) => signal,
        }
    }
}

/// Changes the phase.
#[derive(Debug)]
pub(super) struct ShutdownControl {
    phase: watch::Sender<ShutdownPhase>,
    /// Dropped when the name has been removed.
    name: Mutex<Option<mpsc::Sender<()>>>,
}

/// Watches the phase.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<ShutdownPhase>);

/// The longest time that a second signal waits for the removal of the name.
const NAME_TIME: Duration = Duration::from_millis(500);

impl ShutdownControl {
    /// Starts to watch for signals.
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
            // The sender is only dropped, never used.
            let _: Result<(), RecvTimeoutError> = name_goes.recv_timeout(NAME_TIME);
            if is_second {
                super::die(signal);
            }
        })
        .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
        Ok((Self { phase, name: Mutex::new(Some(name)) }, Shutdown(receiver)))
    }

    /// Records that the name has been removed.
    pub(super) fn name_is_gone(&self) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Stops accepting for another reason than a signal.
    pub(super) fn drain(&self) {
        self.phase.send_if_modified(|phase| {
            let is_new = *phase == ShutdownPhase::Serving;
            if is_new {
                *phase = ShutdownPhase::Draining(None);
            }
            is_new
        });
    }

    /// Requests that open connections are closed.
    pub(super) fn close(&self) {
        self.phase.send_modify(|phase| *phase = ShutdownPhase::Closing(phase.signal()));
    }
}

impl Shutdown {
    /// Waits until the server stops accepting.
    pub(crate) async fn draining(&mut self) {
        // Without a sender the server has ended.
        let _ = self.0.wait_for(|phase| *phase != ShutdownPhase::Serving).await;
    }

    /// Waits until open connections must be closed.
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

    /// Returns the termination signal, if one has arrived.
    pub(super) fn signal_so_far(&self) -> Option<i32> {
        self.0.borrow().signal()
    }
}
