use crate::{
    diag::{Failure, Outcome, caught},
    transfer::Meter,
};
use local_socket::{
    Listener, Stream,
    traits::{Listener as _, Stream as _},
};
use std::{
    collections::HashMap,
    net::Shutdown,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Shuts down a server with blocking threads on a termination signal: stops accepting, removes the
/// name, gives open connections the grace time, and then ends the process by the signal. A second
/// signal ends it at once.
#[derive(Clone, Debug)]
pub(crate) struct Stopper {
    shared: Arc<StopperShared>,
}

#[derive(Debug, Default)]
struct StopperShared {
    state: Mutex<StopperState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct StopperState {
    signal: Option<i32>,
    next: u64,
    open: HashMap<u64, OpenItem>,
    /// Whether the grace time is over: items that are added from now on are ended at once.
    is_over: bool,
}

/// Something that can continue after the name has been removed.
#[derive(Debug)]
pub(crate) enum OpenItem {
    /// The accepting thread, which may have accepted a client that is not registered yet.
    Accepting,
    /// A connection and its meter.
    Stream(Arc<Stream>, Arc<Meter>),
}

/// Keeps an item registered until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenGuard {
    shared: Arc<StopperShared>,
    key: u64,
}

/// Additional time for closing connections after the grace time.
const LAST_TIME: Duration = Duration::from_millis(500);

impl Stopper {
    /// Starts to watch for signals.
    pub(crate) fn start(listener: &Arc<Listener>, grace: Duration) -> Result<Self, Failure> {
        let shared = Arc::new(StopperShared::default());
        let (listener, on_signal) = (Arc::clone(listener), Arc::clone(&shared));
        super::on_termination(move |signal| {
            let is_second = on_signal.state().signal.replace(signal).is_some();
            tracing::info!("got signal {signal}: nobody is accepted any more");
            // Also on the second signal, which can interrupt the first one here.
            if let Err(error) = listener.close() {
                tracing::debug!(%error, "listener not closed");
            }
            if is_second {
                super::die(signal);
            }
            let shared = Arc::clone(&on_signal);
            let end = move || {
                let ending = || {
                    shared.wait_until_empty(grace);
                    shared.end_all();
                    shared.wait_until_empty(LAST_TIME);
                    shared.tell_of_losses();
                };
                // The process ends even after a panic.
                let _ = caught(ending);
                super::die(signal);
            };
            if thread::Builder::new().name("grace".to_owned()).spawn(end).is_err() {
                super::die(signal);
            }
        })
        .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
        Ok(Self { shared })
    }

    /// Registers an open item.
    pub(crate) fn going(&self, open: OpenItem) -> OpenGuard {
        let mut state = self.shared.state();
        let key = state.next;
        state.next += 1;
        if state.is_over {
            open.end();
        }
        state.open.insert(key, open);
        OpenGuard { shared: Arc::clone(&self.shared), key }
    }

    /// Ends the process by the termination signal, if one has arrived, after logging a failure.
    /// `accepting` is the guard of the accepting thread, which calls this function.
    pub(crate) fn finish(&self, accepting: OpenGuard, result: &Result<Outcome, Failure>) {
        let signal = self.shared.state().signal;
        if let (Some(_), Err(error)) = (signal, result) {
            tracing::error!("{error}");
        }
        drop(accepting);
        if let Some(signal) = signal {
            super::die(signal);
        }
    }
}

impl StopperShared {
    fn state(&self) -> MutexGuard<'_, StopperState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_empty(&self, time: Duration) {
        let goes_on = |state: &mut StopperState| !state.open.is_empty();
        drop(self.changed.wait_timeout_while(self.state(), time, goes_on));
    }

    /// Ends all open items, and those that are added later.
    fn end_all(&self) {
        let mut state = self.state();
        state.is_over = true;
        state.open.values().for_each(OpenItem::end);
    }
}

impl OpenItem {
    fn end(&self) {
        match self {
            Self::Accepting => {}
            Self::Stream(stream, _) => {
                tracing::warn!("a connection did not end within the grace time: closed");
                // It fails if the connection has ended meanwhile.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

impl StopperShared {
    /// Logs the bytes that are lost in connections that could not be ended.
    fn tell_of_losses(&self) {
        for open in self.state().open.values() {
            if let OpenItem::Stream(_, meter) = open {
                meter.losses().for_each(|loss| tracing::warn!("{loss}"));
            }
        }
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.shared.state().open.remove(&self.key);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::io::Read as _;

    /// A client that is accepted at the end of the grace time.
    #[test]
    fn what_is_opened_after_the_grace_time_is_ended_at_once() {
        let stopper = Stopper { shared: Arc::default() };
        stopper.shared.end_all();
        let (stream, mut peer) = Stream::pair().unwrap();
        let _going = stopper.going(OpenItem::Stream(Arc::new(stream), Arc::new(Meter::new(false))));
        peer.set_recv_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    }
}
