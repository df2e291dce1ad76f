//! Completes the last write of a dropped stream in the background.

use super::{background_operation::BackgroundOperation, wait_limit::WaitLimit};
use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Maximum time for the last write of a dropped stream. If the peer does not read it in this
/// time, the data is lost.
pub(super) const LINGER: Duration = Duration::from_secs(30);

/// The same if no thread can be started and the caller has to wait.
const LINGER_WITHOUT_THREAD: Duration = Duration::from_secs(1);

/// Waits in a background thread until a write has completed.
pub(super) fn deliver(write: BackgroundOperation) {
    // If the thread cannot be started, its closure is dropped. The write must survive that.
    let write = Arc::new(Mutex::new(write));
    let finish = |write: &Mutex<BackgroundOperation>, time| {
        let mut write = write.lock().unwrap_or_else(PoisonError::into_inner);
        // The stream is gone, so an error cannot be returned.
        let _ = write.finish(WaitLimit::at_most(time));
    };
    let thread_write = Arc::clone(&write);
    let started = thread::Builder::new()
        .name("local_socket linger".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || finish(&thread_write, LINGER));
    if started.is_err() {
        finish(&write, LINGER_WITHOUT_THREAD);
    }
}
