use super::ended_error;
use std::{
    io,
    sync::{
        Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Stops a writer, so that the number of bytes that it has written is final.
#[derive(Debug, Default)]
pub(crate) struct WriteStop {
    is_stopped: AtomicBool,
    /// Held during each write.
    writing: Mutex<()>,
}

/// Time that a write takes at most unless it blocks.
const WRITE_TIME: Duration = Duration::from_millis(100);

impl WriteStop {
    /// Stops writing. Returns `false` if a write is blocked, so that the number of its written bytes
    /// is unknown.
    pub(crate) fn stop(&self) -> bool {
        self.is_stopped.store(true, Ordering::SeqCst);
        let start = Instant::now();
        while matches!(self.writing.try_lock(), Err(TryLockError::WouldBlock)) {
            if start.elapsed() >= WRITE_TIME {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// Writes unless writing was stopped.
    ///
    /// # Errors
    /// `TimedOut` if writing was stopped, or the error of the function.
    pub(super) fn write<T>(&self, write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_stopped() { Err(ended_error()) } else { write() }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }
}
