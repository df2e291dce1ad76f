use super::ended;
use std::{
    io,
    sync::{Mutex, PoisonError, TryLockError},
    thread,
    time::{Duration, Instant},
};

/// Stops a writer, so that the number of bytes that it has written is final.
#[derive(Debug, Default)]
pub(crate) struct WriteStop {
    /// The lock is held during each write.
    is_stopped: Mutex<bool>,
}

/// Time that a write takes at most unless it blocks.
const WRITE_TIME: Duration = Duration::from_millis(100);

impl WriteStop {
    /// Stops writing. Returns `false` if a write is blocked, so that the number of its written bytes
    /// is unknown.
    pub(crate) fn stop(&self) -> bool {
        let start = Instant::now();
        loop {
            match self.is_stopped.try_lock() {
                Ok(mut is_stopped) => *is_stopped = true,
                Err(TryLockError::Poisoned(is_stopped)) => *is_stopped.into_inner() = true,
                Err(TryLockError::WouldBlock) if start.elapsed() < WRITE_TIME => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(TryLockError::WouldBlock) => return false,
            }
            return true;
        }
    }

    /// Writes with the lock held.
    ///
    /// # Errors
    /// `TimedOut` if writing was stopped, or the error of the function.
    pub(super) fn write<T>(&self, write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let is_stopped = self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_stopped { Err(ended()) } else { write() }
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
