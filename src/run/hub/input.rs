//! Reads stdin on a thread and copies it to every client.

use super::queue::{BroadcastQueue, Subscription};
use crate::{
    diag::{Failure, caught},
    system::Input,
    transfer::{
        Meter, ObservedDirection, ended_error,
        threads::{Broken, CopySink, CopyStep, step},
    },
};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};
use tokio_util::sync::CancellationToken;

/// Copies stdin to clients.
#[derive(Debug)]
pub(super) struct Broadcast {
    shared: Arc<InputShared>,
}

#[derive(Debug)]
struct InputShared {
    queue: Arc<BroadcastQueue>,
    /// Set when a client has subscribed or the broadcast has ended since the thread last checked.
    has_changed: Mutex<bool>,
    changed: Condvar,
    /// Counts the bytes that were read.
    meter: Meter,
    /// The reason why stdin could not be read, if that ends the hub.
    failure: Mutex<Option<Failure>>,
}

/// Bytes read at a time.
const PIECE: usize = 64 << 10;

impl Broadcast {
    /// Starts the thread. At the end of stdin it cancels the token, if there is one.
    pub(super) fn start(
        input: Input,
        queue: usize,
        over: Option<CancellationToken>,
    ) -> Result<Self, Failure> {
        let shared = Arc::new(InputShared {
            queue: Arc::new(BroadcastQueue::new(queue)),
            has_changed: Mutex::default(),
            changed: Condvar::new(),
            meter: Meter::new(false),
            failure: Mutex::default(),
        });
        let reader = Arc::clone(&shared);
        let read = move || {
            let read = caught(|| reader.read(&input)).unwrap_or_else(Err);
            match read {
                Err(failure) if over.is_none() => tracing::warn!("{failure}"),
                read => {
                    let mut failure = reader.failure.lock().unwrap_or_else(PoisonError::into_inner);
                    *failure = read.err();
                }
            }
            reader.queue.end();
            if let Some(over) = over {
                over.cancel();
            }
        };
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(read)
            .map_err(|error| Failure::Io { what: "cannot start a thread", error })?;
        Ok(Self { shared })
    }

    /// Ends the broadcast: no more of stdin is read, and what is queued is still sent.
    pub(super) fn end(&self) {
        self.shared.queue.end();
        self.shared.wake();
    }

    /// Takes the reason why stdin could not be read, if that has ended the hub.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns the number of bytes that were read and not queued for any client.
    pub(super) fn held(&self) -> u64 {
        self.shared.meter.sent.total_read().saturating_sub(self.shared.queue.queued())
    }

    /// Subscribes a client to all bytes that are read from now on.
    pub(super) fn subscribe(&self, number: u64) -> Subscription {
        let subscription = self.shared.queue.subscribe(number);
        self.shared.wake();
        subscription
    }
}

impl InputShared {
    /// Waits until there is a client, so that nothing is read that no client would get. Returns
    /// `false` if the broadcast has ended.
    fn wait_for_client(&self) -> bool {
        while !self.queue.has_ended() {
            if self.queue.has_clients() {
                return true;
            }
            let has_changed = self.has_changed.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.changed.wait_while(has_changed, |has_changed| !*has_changed);
            *waited.unwrap_or_else(PoisonError::into_inner) = false;
        }
        false
    }

    /// Wakes the thread that waits for a client, so that it checks again.
    fn wake(&self) {
        *self.has_changed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn read(&self, mut input: &Input) -> Result<(), Failure> {
        let mut buffer = vec![0; PIECE];
        let observed = ObservedDirection::none();
        let gauge = &self.meter.sent;
        while self.wait_for_client() {
            match step(&mut input, &mut { self }, &mut buffer, gauge, &observed) {
                Ok(CopyStep::Moved) => {}
                Ok(CopyStep::End) => return Ok(()),
                // A signal has ended the broadcast. The gauge counts the bytes as not sent.
                Err(Broken::Sink(_)) if self.queue.has_ended() => return Ok(()),
                Err(Broken::Source(error) | Broken::Sink(error)) => {
                    return Err(Failure::Io { what: "cannot read the input", error });
                }
            }
        }
        Ok(())
    }
}

impl CopySink for &InputShared {
    /// Queues all bytes. If the last client has disconnected meanwhile, the next one gets them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while !self.queue.push(bytes) {
            if !self.wait_for_client() {
                return Err(ended_error());
            }
        }
        Ok(bytes.len())
    }

    fn wait(&mut self) -> io::Result<()> {
        Ok(())
    }
}
