use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// What waits to be sent to one client.
#[derive(Debug)]
pub(super) struct Queue {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Arc<[u8]>>,
    /// How many bytes wait, with those that are being sent.
    bytes: usize,
    has_ended: bool,
    is_cut_off: bool,
    waker: Option<Waker>,
}

impl Queue {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// Puts a chunk behind what waits. If that would be too much the client is cut off.
    pub(super) fn push(&self, chunk: &Arc<[u8]>) {
        let mut state = self.state();
        // One chunk always fits.
        if state.bytes > 0 && state.bytes + chunk.len() > self.limit {
            state.is_cut_off = true;
        } else {
            state.bytes += chunk.len();
            state.chunks.push_back(Arc::clone(chunk));
        }
        wake(state);
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.has_ended = true;
        wake(state);
    }

    /// What is to be sent next; `None` at the end.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Arc<[u8]>>> {
        let mut state = self.state();
        match state.chunks.pop_front() {
            Some(chunk) => Poll::Ready(Some(chunk)),
            None if state.has_ended => Poll::Ready(None),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether the client is cut off; the task is woken when that changes.
    pub(super) fn is_cut_off(&self, cx: &mut Context<'_>) -> bool {
        let mut state = self.state();
        state.waker = Some(cx.waker().clone());
        state.is_cut_off
    }

    /// So many bytes were sent.
    pub(super) fn sent(&self, bytes: usize) {
        self.state().bytes -= bytes;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
