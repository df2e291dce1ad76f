use super::wait_limit::WaitLimit;
use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
    thread::{self, Thread},
};

/// The wakers of the tasks that wait for the same operation or listener.
///
/// Wakers are called and dropped without holding the lock, because both can run code of other
/// crates.
#[derive(Debug, Default)]
pub(super) struct WakerSet(Mutex<Vec<(usize, Waker)>>);

impl WakerSet {
    /// Registers a waker, which is called once. It replaces the waker with the same key.
    pub(super) fn register(&self, key: usize, waker: &Waker) {
        let mut wakers = self.lock();
        let replaced = match wakers.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) if old.will_wake(waker) => None,
            Some((_, old)) => Some(mem::replace(old, waker.clone())),
            None => {
                wakers.push((key, waker.clone()));
                None
            }
        };
        drop(wakers);
        drop(replaced);
    }

    /// Removes the waker with the given key.
    pub(super) fn remove(&self, key: usize) {
        let mut wakers = self.lock();
        let at = wakers.iter().position(|(other, _)| *other == key);
        let removed = at.map(|at| wakers.swap_remove(at));
        drop(wakers);
        drop(removed);
    }

    /// Calls and removes all wakers.
    pub(super) fn wake_all(&self) {
        let (one, others) = {
            let mut wakers = self.lock();
            let one = wakers.pop();
            // Usually there is only one waker. Then the list keeps its allocation.
            (one, if wakers.is_empty() { Vec::new() } else { mem::take(&mut *wakers) })
        };
        one.into_iter().chain(others).for_each(|(_, waker)| waker.wake());
    }

    /// Blocks this thread until the wakers are called, or the time limit ends. It returns at once
    /// if `done` returns `true` after the registration.
    pub(super) fn park(&self, limit: WaitLimit, done: impl FnOnce() -> bool) {
        self.register(0, &Waker::from(Arc::new(Unpark(thread::current()))));
        if done() {
            return;
        }
        match limit.remaining() {
            None => thread::park(),
            Some(rest) => thread::park_timeout(rest),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(usize, Waker)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
