use super::ReadyFile;
use crate::{
    diag::{Failure, Outcome, Terminal, caught},
    transfer::Meter,
};
use local_socket::{
    Listener, Stream,
    traits::{Listener as _, Stream as _},
};
use std::{
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

#[derive(Debug)]
struct StopperShared {
    /// Time that an open connection gets to end after a signal.
    grace: Duration,
    state: Mutex<StopperState>,
    changed: Condvar,
}

#[derive(Debug)]
struct StopperState {
    signal: Option<i32>,
    /// Whether the thread that accepts is running. It may have accepted a client that is not
    /// registered yet.
    is_accepting: bool,
    /// The connection that is being served, and its meter.
    connection: Option<(Arc<Stream>, Arc<Meter>)>,
    /// Whether the grace time is over: a connection that is registered from now on is ended at once.
    is_over: bool,
}

/// Keeps a connection registered until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenGuard(Arc<StopperShared>);

impl Stopper {
    /// Starts to watch for signals. The first one also withdraws the ready file.
    pub(crate) fn start(
        listener: &Arc<Listener>,
        ready_file: ReadyFile,
        grace: Duration,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let shared = StopperShared::new(grace);
        let (listener, on_signal) = (Arc::clone(listener), Arc::clone(&shared));
        super::on_termination(move |signal| {
            let is_second = on_signal.state().signal.replace(signal).is_some();
            tracing::info!("got signal {signal}: no further client is accepted");
            ready_file.withdraw();
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
                    let delay = super::NOTICE_DELAY.min(grace);
                    shared.wait_until_empty(delay);
                    if delay < grace && shared.state().connection.is_some() {
                        terminal.notice(&super::waiting_for(1, grace));
                    }
                    shared.wait_until_empty(grace - delay);
                    shared.end_all();
                    shared.wait_until_empty(super::LAST_TIME);
                    shared.log_losses();
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

    /// Registers the connection that is served next.
    pub(crate) fn register(&self, stream: Arc<Stream>, meter: Arc<Meter>) -> OpenGuard {
        let mut state = self.shared.state();
        state.connection = Some((stream, meter));
        let late = state.connection.clone().filter(|_| state.is_over);
        drop(state);
        end(late, self.shared.grace);
        OpenGuard(Arc::clone(&self.shared))
    }

    /// Ends the process by the termination signal, if one has arrived, after logging a failure. The
    /// thread that accepts calls this at its end.
    pub(crate) fn finish(&self, result: &Result<Outcome, Failure>) {
        let signal = self.shared.state().signal;
        // The process may end as soon as nothing is open.
        if let (Some(_), Err(failure)) = (signal, result) {
            tracing::error!("{failure}");
        }
        self.shared.state().is_accepting = false;
        self.shared.changed.notify_all();
        if let Some(signal) = signal {
            super::die(signal);
        }
    }
}

impl StopperShared {
    fn new(grace: Duration) -> Arc<Self> {
        let state = Mutex::new(StopperState {
            signal: None,
            is_accepting: true,
            connection: None,
            is_over: false,
        });
        Arc::new(Self { grace, state, changed: Condvar::new() })
    }

    fn state(&self) -> MutexGuard<'_, StopperState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing is open, at most for this time.
    fn wait_until_empty(&self, time: Duration) {
        let is_open = |state: &mut StopperState| state.is_accepting || state.connection.is_some();
        drop(self.changed.wait_timeout_while(self.state(), time, is_open));
    }

    /// Ends the open connection, and those that are registered later.
    fn end_all(&self) {
        let mut state = self.state();
        state.is_over = true;
        let connection = state.connection.clone();
        drop(state);
        end(connection, self.grace);
    }

    /// Logs the bytes that are lost in a connection that could not be ended.
    fn log_losses(&self) {
        let meter = self.state().connection.as_ref().map(|(_, meter)| Arc::clone(meter));
        meter.iter().flat_map(|meter| meter.losses()).for_each(|loss| tracing::warn!("{loss}"));
    }
}

/// Ends a connection after the grace time. The state must not be locked meanwhile: a second signal
/// has to be handled, whatever the system calls here wait for.
fn end(connection: Option<(Arc<Stream>, Arc<Meter>)>, grace: Duration) {
    if let Some((stream, meter)) = connection {
        tracing::warn!("{}", super::still_open(1, grace));
        meter.set_closing();
        // It fails if the connection has ended meanwhile.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        // Closed without the lock, see `end`.
        let connection = self.0.state().connection.take();
        drop(connection);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    /// A client that is accepted at the end of the grace time.
    #[test]
    fn a_connection_that_is_registered_after_the_grace_time_is_ended_at_once() {
        let stopper = Stopper { shared: StopperShared::new(Duration::ZERO) };
        stopper.shared.end_all();
        let (stream, mut peer) = Stream::pair().unwrap();
        let _open = stopper.register(Arc::new(stream), Arc::new(Meter::new(false)));
        peer.set_recv_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_connection_whose_peer_does_not_read_is_ended_after_the_grace_time() {
        let stopper = Stopper { shared: StopperShared::new(Duration::ZERO) };
        let (stream, _peer) = Stream::pair().unwrap();
        let stream = Arc::new(stream);
        let _open = stopper.register(Arc::clone(&stream), Arc::new(Meter::new(false)));
        let writer = thread::spawn(move || (&*stream).write_all(&vec![0; 5_000_000]));
        // Nothing shows when the write waits for the peer.
        thread::sleep(Duration::from_millis(100));
        stopper.shared.end_all();
        assert!(writer.join().unwrap().is_err());
    }
}
