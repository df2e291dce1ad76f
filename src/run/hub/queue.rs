use crate::{system::Descriptors, transfer::tasks::TaskSource};
use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

/// The broadcast bytes that not every client has taken yet. They are stored once, and each
/// client has a position in them, so that the memory is bounded by the limit of one client.
#[derive(Debug)]
pub(super) struct BroadcastQueue {
    /// Maximum number of bytes queued for a client.
    limit: usize,
    state: RwLock<BroadcastState>,
}

#[derive(Debug, Default)]
struct BroadcastState {
    bytes: VecDeque<u8>,
    /// Position of the first stored byte, counted from the first byte of the broadcast.
    start: u64,
    has_ended: bool,
    clients: HashMap<u64, Arc<Position>>,
}

/// The position of the next byte for a client. Only its task changes it. A stale value is too low, so
/// that bytes are kept longer than needed.
#[derive(Debug)]
struct Position {
    next: AtomicU64,
    /// The end of the queue when the client was cut off; `u64::MAX` before that.
    cut_off_at: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

/// The subscription of a client, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    queue: Arc<BroadcastQueue>,
    position: Arc<Position>,
    number: u64,
}

/// Maximum memory of an empty queue, in bytes.
const KEPT: usize = 128 << 10;

impl BroadcastQueue {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: RwLock::default() }
    }

    /// Queues bytes for all clients. A client whose queue would exceed the limit is cut off.
    /// Returns `false`, and queues nothing, if no client is left or the broadcast has ended.
    pub(super) fn push(&self, bytes: &[u8]) -> bool {
        let mut cut_off = Vec::new();
        let mut state = self.write();
        if state.has_ended {
            return false;
        }
        let end = state.end();
        state.clients.retain(|_, client| {
            let waiting = client.waiting(end);
            // One piece always fits.
            let fits = waiting == 0 || waiting + bytes.len() as u64 <= self.limit as u64;
            if !fits {
                client.cut_off_at.store(end, Relaxed);
                cut_off.push(Arc::clone(client));
            }
            fits
        });
        state.trim();
        let has_clients = !state.clients.is_empty();
        if has_clients {
            state.bytes.extend(bytes);
        }
        drop(state);
        cut_off.iter().for_each(|client| client.wake());
        // Only clients that had taken everything before wait for a wake-up.
        let state = self.read();
        state.clients.values().filter(|client| client.has(end)).for_each(|client| client.wake());
        has_clients
    }

    /// Returns the number of bytes that were queued from the beginning.
    pub(super) fn queued(&self) -> u64 {
        self.read().end()
    }

    /// Returns whether there is a client that is not cut off.
    pub(super) fn has_clients(&self) -> bool {
        !self.read().clients.is_empty()
    }

    /// Returns whether the broadcast has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.read().has_ended
    }

    /// Ends the broadcast.
    pub(super) fn end(&self) {
        self.write().has_ended = true;
        self.read().clients.values().for_each(|client| client.wake());
    }

    /// Subscribes a client to all bytes that are queued from now on.
    pub(super) fn subscribe(self: &Arc<Self>, number: u64) -> Subscription {
        let mut state = self.write();
        let position = Arc::new(Position {
            next: AtomicU64::new(state.end()),
            cut_off_at: AtomicU64::new(u64::MAX),
            waker: Mutex::default(),
        });
        state.clients.insert(number, Arc::clone(&position));
        drop(state);
        Subscription { queue: Arc::clone(self), position, number }
    }

    fn read(&self) -> RwLockReadGuard<'_, BroadcastState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BroadcastState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BroadcastState {
    /// Returns the position after the last byte.
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Returns the bytes after a position that are contiguous in memory.
    fn after(&self, position: u64) -> &[u8] {
        let skipped = usize::try_from(position - self.start).unwrap_or(usize::MAX);
        let (first, second) = self.bytes.as_slices();
        first.get(skipped..).filter(|rest| !rest.is_empty()).unwrap_or_else(|| {
            second.get(skipped.saturating_sub(first.len())..).unwrap_or_default()
        })
    }

    /// Removes the bytes that every client has taken.
    fn trim(&mut self) {
        let end = self.end();
        let waiting = self.clients.values().map(|client| client.waiting(end)).max().unwrap_or(0);
        let passed = self.bytes.len() - usize::try_from(waiting).unwrap_or(self.bytes.len());
        self.bytes.drain(..passed);
        self.start += passed as u64;
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes = VecDeque::new();
        }
    }
}

impl Position {
    fn waiting(&self, end: u64) -> u64 {
        end - self.next.load(Relaxed)
    }

    /// Returns whether the client has taken everything before the position `end`.
    fn has(&self, end: u64) -> bool {
        self.next.load(Relaxed) >= end
    }

    fn wake(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Subscription {
    /// Registers the waker that is woken when there are bytes to take, when the broadcast ends, and
    /// when the client is cut off.
    pub(super) fn register(&self, waker: &Waker) {
        let mut registered = self.position.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *registered {
            Some(registered) => registered.clone_from(waker),
            None => *registered = Some(waker.clone()),
        }
    }

    /// Takes queued bytes. Returns their number; 0 if there are none.
    fn take(&self, buffer: &mut [u8]) -> usize {
        let state = self.queue.read();
        if self.is_cut_off() {
            return 0;
        }
        let bytes = state.after(self.position.next.load(Relaxed));
        let taken = bytes.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&bytes[..taken]);
        self.position.next.fetch_add(taken as u64, Relaxed);
        taken
    }

    /// Returns whether the client was cut off because its queue was full.
    pub(super) fn is_cut_off(&self) -> bool {
        self.position.cut_off_at.load(Relaxed) != u64::MAX
    }

    /// Returns whether the broadcast has ended.
    pub(super) fn input_has_ended(&self) -> bool {
        self.queue.has_ended()
    }

    /// Returns the number of bytes that were queued for the client and not taken.
    pub(super) fn unsent(&self) -> u64 {
        let end = self.queue.read().end().min(self.position.cut_off_at.load(Relaxed));
        self.position.waiting(end)
    }
}

impl TaskSource for Subscription {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        self.register(cx.waker());
        // The end is read first: bytes that were queued before it are not missed.
        let has_ended = self.input_has_ended();
        if self.is_cut_off() {
            return Poll::Pending;
        }
        match self.take(buffer) {
            0 if !has_ended => Poll::Pending,
            taken => Poll::Ready(Ok(taken)),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.queue.write();
        state.clients.remove(&self.number);
        state.trim();
    }
}

#[cfg(test)]
mod tests;
