//! Stdin, read by a thread and copied to every client.

use super::queue::{BroadcastQueue, Subscription};
use crate::{
    diag::{Failure, caught},
    serve::Flag,
    system::Input,
};
use std::{
    io::ErrorKind,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

/// Copies stdin to clients.
#[derive(Debug)]
pub(super) struct Broadcast {
    shared: Arc<InputShared>,
}

#[derive(Debug)]
struct InputShared {
    queue: Arc<BroadcastQueue>,
    /// Set when a client has come since the thread has looked for one.
    has_come: Mutex<bool>,
    came: Condvar,
}

/// How much is read at a time.
const PIECE: usize = 64 << 10;

impl Broadcast {
    /// Starts the thread; at the end of stdin it raises the flag, if there is one.
    pub(super) fn start(
        input: Input,
        queue: usize,
        over: Option<Arc<Flag>>,
    ) -> Result<Self, Failure> {
        let shared = Arc::new(InputShared {
            queue: Arc::new(BroadcastQueue::new(queue)),
            has_come: Mutex::default(),
            came: Condvar::new(),
        });
        let reader = Arc::clone(&shared);
        let read = move || {
            if caught(|| reader.read(&input)).is_err() {
                reader.queue.end();
            }
            if let Some(over) = over {
                over.raise();
            }
        };
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(read)
            .map_err(|error| Failure::Io { what: "cannot start a thread", error })?;
        Ok(Self { shared })
    }

    /// From now on what comes is put into the client's queue.
    pub(super) fn subscribe(&self, number: u64) -> Subscription {
        let subscription = self.shared.queue.subscribe(number);
        *self.shared.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.came.notify_all();
        subscription
    }
}

impl InputShared {
    /// Waits until there is a client: what nobody would get is not read.
    fn wait_for_client(&self) {
        while !self.queue.has_clients() {
            let has_come = self.has_come.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.came.wait_while(has_come, |has_come| !*has_come);
            *waited.unwrap_or_else(PoisonError::into_inner) = false;
        }
    }

    fn read(&self, input: &Input) {
        let mut buffer = vec![0; PIECE];
        loop {
            self.wait_for_client();
            match input.read(&mut buffer) {
                Ok(0) => break,
                // The last client may have gone meanwhile: the next one gets it.
                Ok(read) => {
                    while !self.queue.push(&buffer[..read]) {
                        self.wait_for_client();
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if error.kind() == ErrorKind::WouldBlock && input.wait_readable().is_ok() => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot read the input");
                    break;
                }
            }
        }
        self.queue.end();
    }
}
