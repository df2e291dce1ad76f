//! Writes that outlive their stream.

use super::{background_operation::BackgroundOperation, wait_limit::WaitLimit};
use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// How long the last write of a dropped stream may take. A peer that reads nothing for
/// so long loses it.
pub(super) const LINGER: Duration = Duration::from_secs(30);

/// The same where there is no thread to wait in.
const LINGER_HERE: Duration = Duration::from_secs(1);

/// Lets a write go on until it is done, in the background.
pub(super) fn deliver(write: BackgroundOperation) {
    // Connection, because a thread that cannot be started drops what it was to work on.
    let write = Arc::new(Mutex::new(write));
    let finish = |write: &Mutex<BackgroundOperation>, time| {
        let mut write = write.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to tell an error to.
        let _ = write.finish(WaitLimit::at_most(time));
    };
    let thread_write = Arc::clone(&write);
    let started = thread::Builder::new()
        .name("local_socket linger".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || finish(&thread_write, LINGER));
    if started.is_err() {
        finish(&write, LINGER_HERE);
    }
}
