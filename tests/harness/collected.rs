use super::DEADLINE;
use std::{
    io::Read,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Instant,
};

/// Bytes that a thread reads from a process or connection.
#[derive(Clone, Default)]
pub(crate) struct Collected {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    is_at_end: bool,
}

impl Collected {
    /// Starts to read. It ends with the end of file or an error.
    pub(crate) fn from(mut source: impl Read + Send + 'static) -> Self {
        let collected = Self::default();
        let shared = Arc::clone(&collected.shared);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let read = source.read(&mut buffer).unwrap_or(0);
                let mut state = shared.0.lock().unwrap();
                state.bytes.extend_from_slice(&buffer[..read]);
                state.is_at_end = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    break;
                }
            }
        });
        collected
    }

    /// Returns no bytes, at their end.
    pub(super) fn nothing() -> Self {
        let nothing = Self::default();
        nothing.state().is_at_end = true;
        nothing
    }

    pub(crate) fn so_far(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    /// Waits until the bytes so far meet the condition. Returns `false` if they do not at the
    /// end of file or within [`DEADLINE`].
    pub(crate) fn wait_for(&self, condition: impl Fn(&[u8]) -> bool) -> bool {
        self.wait(|state| condition(&state.bytes))
    }

    /// Waits for the end of file. Returns `false` if it has not come within [`DEADLINE`].
    pub(crate) fn wait_for_end(&self) -> bool {
        self.wait(|state| state.is_at_end)
    }

    fn wait(&self, condition: impl Fn(&State) -> bool) -> bool {
        let end = Instant::now() + DEADLINE;
        let mut state = self.state();
        loop {
            if condition(&state) {
                return true;
            }
            let now = Instant::now();
            if state.is_at_end || now >= end {
                return false;
            }
            state = self.shared.1.wait_timeout(state, end - now).unwrap().0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }
}
