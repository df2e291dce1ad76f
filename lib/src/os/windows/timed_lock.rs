use super::wait_limit::WaitLimit;
use std::{
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// A lock with a time limit for waiting. A writer with a timeout must not wait longer than that
/// for another writer, which may have no timeout.
#[derive(Debug)]
pub(super) struct TimedLock<T> {
    /// `None` while the lock is held.
    value: Mutex<Option<T>>,
    freed: Condvar,
}

/// A guard that holds the lock until it is dropped.
#[derive(Debug)]
pub(super) struct TimedGuard<'a, T> {
    lock: &'a TimedLock<T>,
    value: ManuallyDrop<T>,
}

impl<T> TimedLock<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: Mutex::new(Some(value)), freed: Condvar::new() }
    }

    /// Waits for the lock. Returns `None` if the time limit ends first.
    pub(super) fn lock(&self, limit: WaitLimit) -> Option<TimedGuard<'_, T>> {
        let mut slot = self.slot();
        loop {
            if let Some(value) = slot.take() {
                return Some(TimedGuard { lock: self, value: ManuallyDrop::new(value) });
            }
            slot = match limit.remaining() {
                None => self.freed.wait(slot).unwrap_or_else(PoisonError::into_inner),
                Some(rest) if rest.is_zero() => return None,
                Some(rest) => {
                    self.freed.wait_timeout(slot, rest).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Returns the value without locking, for the only owner of the lock.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut()
    }

    fn slot(&self) -> MutexGuard<'_, Option<T>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for TimedGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for TimedGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for TimedGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the guard is being dropped, so nothing uses the field after this.
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        *self.lock.slot() = Some(value);
        self.lock.freed.notify_one();
    }
}
