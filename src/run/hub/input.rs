//! Stdin, read by a thread and copied to every client.

use super::Queue;
use crate::{
    diag::{Failure, caught},
    serve::Flag,
    system::Input,
};
use std::{
    collections::HashMap,
    io::ErrorKind,
    ops::Deref,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Copies stdin to clients.
#[derive(Debug)]
pub(super) struct Broadcast {
    shared: Arc<Shared>,
    queue: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct State {
    clients: HashMap<u64, Arc<Queue>>,
    has_ended: bool,
}

/// A client's queue, which is filled until this is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    number: u64,
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
        let shared = Arc::<Shared>::default();
        let reader = Arc::clone(&shared);
        let read = move || {
            if caught(|| reader.read(&input)).is_err() {
                reader.end();
            }
            if let Some(over) = over {
                over.raise();
            }
        };
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(read)
            .map_err(|error| Failure::Io { what: "cannot start a thread", error })?;
        Ok(Self { shared, queue })
    }

    /// From now on what comes is put into the client's queue.
    pub(super) fn subscribe(&self, number: u64) -> Subscription {
        let queue = Arc::new(Queue::new(self.queue));
        let mut state = self.shared.state();
        if state.has_ended {
            queue.end();
        }
        state.clients.insert(number, Arc::clone(&queue));
        drop(state);
        self.shared.came.notify_all();
        Subscription { shared: Arc::clone(&self.shared), queue, number }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a client: what nobody would get is not read.
    fn with_clients(&self) -> MutexGuard<'_, State> {
        let is_empty = |state: &mut State| state.clients.is_empty();
        self.came.wait_while(self.state(), is_empty).unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, input: &Input) {
        let mut buffer = vec![0; PIECE];
        loop {
            drop(self.with_clients());
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    let chunk: Arc<[u8]> = buffer[..read].into();
                    // The last one may have gone meanwhile.
                    self.with_clients().clients.values().for_each(|queue| queue.push(&chunk));
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
        self.end();
    }

    /// Ends what is sent to clients.
    fn end(&self) {
        let mut state = self.state();
        state.has_ended = true;
        state.clients.values().for_each(|queue| queue.end());
    }
}

impl Deref for Subscription {
    type Target = Queue;
    fn deref(&self) -> &Queue {
        &self.queue
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.state().clients.remove(&self.number);
    }
}
