use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
    time::{Duration, Instant},
};

/// The wakers of the tasks that wait for the same operation, socket or listener.
///
/// Wakers are called and dropped without holding the lock, because both can run code of other
/// crates.
#[derive(Debug, Default)]
pub(super) struct WakerSet(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// Each with the key that it can be removed by, if any.
    wakers: Vec<(Option<usize>, Waker)>,
    last_cleaning: Option<Instant>,
}

/// Number of wakers from which on [`add`](WakerSet::add) cleans the set.
const MANY: usize = 16;
/// Minimum time between two cleanings.
const BETWEEN_CLEANINGS: Duration = Duration::from_secs(1);

impl WakerSet {
    /// Registers the waker of a task, which is called once. A task that is registered already is
    /// registered only once.
    ///
    /// A task that has stopped waiting stays registered until the next wake. Tasks of this kind
    /// must not pile up while nothing happens, so if there are many tasks, the others are woken from
    /// time to time; those that are still waiting register again.
    pub(super) fn add(&self, waker: &Waker) -> WakeOnDrop {
        let mut entries = self.lock();
        if entries.wakers.iter().any(|(_, other)| other.will_wake(waker)) {
            return WakeOnDrop::default();
        }
        let removed = if entries.wakers.len() < MANY { Vec::new() } else { entries.clean() };
        entries.wakers.push((None, waker.clone()));
        WakeOnDrop(removed.into_iter().map(|(_, waker)| waker).collect())
    }

    /// Registers a waker, which is called once. It replaces the waker with the same key.
    #[cfg_attr(unix, expect(dead_code, reason = "tokio's listeners have a set of their own"))]
    pub(super) fn register(&self, key: usize, waker: &Waker) {
        let mut entries = self.lock();
        let replaced = match entries.wakers.iter_mut().find(|(other, _)| *other == Some(key)) {
            Some((_, old)) if old.will_wake(waker) => None,
            Some((_, old)) => Some(mem::replace(old, waker.clone())),
            None => {
                entries.wakers.push((Some(key), waker.clone()));
                None
            }
        };
        drop(entries);
        drop(replaced);
    }

    /// Removes the waker with the given key.
    #[cfg_attr(unix, expect(dead_code, reason = "tokio's listeners have a set of their own"))]
    pub(super) fn remove(&self, key: usize) {
        let mut entries = self.lock();
        let at = entries.wakers.iter().position(|(other, _)| *other == Some(key));
        let removed = at.map(|at| entries.wakers.swap_remove(at));
        drop(entries);
        drop(removed);
    }

    /// Calls and removes all wakers.
    pub(super) fn wake_all(&self) {
        let (one, others) = {
            let wakers = &mut self.lock().wakers;
            let one = wakers.pop();
            // Usually there is only one waker. Then the list keeps its allocation.
            (one, if wakers.is_empty() { Vec::new() } else { mem::take(wakers) })
        };
        one.into_iter().chain(others).for_each(|(_, waker)| waker.wake());
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Removes and returns all wakers, unless that was done only a short time ago.
    fn clean(&mut self) -> Vec<(Option<usize>, Waker)> {
        let now = Instant::now();
        if self.last_cleaning.is_some_and(|last| now - last < BETWEEN_CLEANINGS) {
            return Vec::new();
        }
        self.last_cleaning = Some(now);
        mem::take(&mut self.wakers)
    }
}

/// Tasks that are woken when this is dropped. A waker can poll its task at once, so a lock that the
/// task takes has to be released before. Only Windows has such locks.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct WakeOnDrop(Vec<Waker>);

#[cfg(windows)]
impl WakeOnDrop {
    pub(super) fn of(waker: &Waker) -> Self {
        Self(vec![waker.clone()])
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

/// Wakes all tasks of the set.
impl Wake for WakerSet {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}
