//! Reads stdin on a thread and copies it to every client.

use super::queue::{BroadcastQueue, Subscription};
use crate::{
    diag::{Failure, caught},
    system::Input,
    transfer::{
        Meter, ObservedDirection,
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
    /// Set when a client has subscribed since the thread last checked.
    has_come: Mutex<bool>,
    came: Condvar,
    /// Counts the bytes that were read, and those that were queued for clients.
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
            has_come: Mutex::default(),
            came: Condvar::new(),
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

    /// Takes the reason why stdin could not be read, if that has ended the hub.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns the number of bytes that were read and that no client was left for.
    pub(super) fn held(&self) -> u64 {
        self.shared.meter.sent.held()
    }

    /// Subscribes a client to all bytes that are read from now on.
    pub(super) fn subscribe(&self, number: u64) -> Subscription {
        let subscription = self.shared.queue.subscribe(number);
        *self.shared.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.came.notify_all();
        subscription
    }
}

impl InputShared {
    /// Waits until there is a client, so that nothing is read that no client would get.
    fn wait_for_client(&self) {
        while !self.queue.has_clients() {
            let has_come = self.has_come.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.came.wait_while(has_come, |has_come| !*has_come);
            *waited.unwrap_or_else(PoisonError::into_inner) = false;
        }
    }

    fn read(&self, mut input: &Input) -> Result<(), Failure> {
        let mut buffer = vec![0; PIECE];
        let observed = ObservedDirection::none();
        let gauge = &self.meter.sent;
        loop {
            self.wait_for_client();
            match step(&mut input, &mut { self }, &mut buffer, gauge, &observed) {
                Ok(CopyStep::Moved) => {}
                Ok(CopyStep::End) => return Ok(()),
                Err(Broken::Source(error) | Broken::Sink(error)) => {
                    return Err(Failure::Io { what: "cannot read the input", error });
                }
            }
        }
    }
}

impl CopySink for &InputShared {
    /// Queues all bytes. The last client may have gone meanwhile: the next one gets them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while !self.queue.push(bytes) {
            self.wait_for_client();
        }
        Ok(bytes.len())
    }

    fn wait(&mut self) -> io::Result<()> {
        Ok(())
    }
}
