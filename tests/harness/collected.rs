use super::DEADLINE;
use std::{
    io::Read,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Instant,
};

/// What a process has written so far, read on a thread of its own.
#[derive(Clone, Default)]
pub(crate) struct Collected {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Collected {
    /// Reads until the end of file.
    pub(crate) fn from(mut source: impl Read + Send + 'static) -> Self {
        let collected = Self::default();
        let shared = Arc::clone(&collected.shared);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let read = source.read(&mut buffer).unwrap_or(0);
                let mut state = shared.0.lock().unwrap();
                state.bytes.extend_from_slice(&buffer[..read]);
                state.is_over = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    break;
                }
            }
        });
        collected
    }

    /// What was never collected.
    pub(crate) fn nothing() -> Self {
        let nothing = Self::default();
        nothing.state().is_over = true;
        nothing
    }

    pub(crate) fn so_far(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    /// Waits until the bytes so far are as wanted; `false` if they cannot become so, or
    /// not in time.
    pub(crate) fn wait_for(&self, is_so: impl Fn(&[u8]) -> bool) -> bool {
        self.wait(|state| is_so(&state.bytes))
    }

    /// Waits for the end of file.
    pub(crate) fn wait_for_end(&self) -> bool {
        self.wait(|state| state.is_over)
    }

    fn wait(&self, is_so: impl Fn(&State) -> bool) -> bool {
        let end = Instant::now() + DEADLINE;
        let mut state = self.state();
        loop {
            if is_so(&state) {
                return true;
            }
            let now = Instant::now();
            if state.is_over || now >= end {
                return false;
            }
            state = self.shared.1.wait_timeout(state, end - now).unwrap().0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }
}
