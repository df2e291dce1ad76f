//! Lines on stderr. A server writes them on a thread: no client waits for whoever reads them.

use super::log::{due, tell_of_left_out};
use crate::system::signals;
use std::{
    collections::VecDeque,
    io::{self, Write, stderr},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// Whether lines are written on a thread.
static IS_ON_A_THREAD: AtomicBool = AtomicBool::new(false);

static QUEUE: LineQueue =
    LineQueue { state: Mutex::new(LineQueueState::new()), changed: Condvar::new() };

/// How many bytes may wait to be written.
const MOST: usize = 256 << 10;

/// How long what is left is waited for at the end.
const LAST_TIME: Duration = Duration::from_secs(1);

/// Lines that wait to be written.
#[derive(Debug)]
struct LineQueue {
    state: Mutex<LineQueueState>,
    changed: Condvar,
}

#[derive(Debug)]
struct LineQueueState {
    lines: VecDeque<Box<[u8]>>,
    bytes: usize,
    has_thread: bool,
    is_writing: bool,
    /// How many lines there was no room for.
    left_out: u64,
}

/// What becomes of a line that there is no room for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum StderrLine {
    MayBeLeftOut,
    Stays,
}

/// Has lines be written on a thread from now on, which is started for the first one.
pub(crate) fn write_on_a_thread() {
    IS_ON_A_THREAD.store(true, Relaxed);
}

pub(super) fn is_on_a_thread() -> bool {
    IS_ON_A_THREAD.load(Relaxed)
}

/// Writes a line, in one write so that lines of several processes do not mix. If stderr
/// cannot be written to, there is nobody left to tell.
pub(super) fn write(line: &[u8], kind: StderrLine) {
    if !is_on_a_thread() || !QUEUE.push(line, kind) {
        let _ = stderr().lock().write_all(line);
    }
}

/// Has the thread look again when it has something to do.
pub(super) fn wake() {
    // Not between its looking and its waiting.
    drop(QUEUE.state());
    QUEUE.changed.notify_all();
}

/// Waits until everything is written, but not for somebody who does not read.
pub(crate) fn flush() {
    if !is_on_a_thread() {
        return;
    }
    // Several threads may be about to end the process: none may while another one tells.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    tell_of_left_out(true);
    let state = QUEUE.state();
    let is_busy = |state: &mut LineQueueState| state.has_thread && state.is_busy();
    drop(QUEUE.changed.wait_timeout_while(state, LAST_TIME, is_busy));
}

/// What is handed to the thread, as a writer for tracing: each write is a line.
#[derive(Debug)]
pub(super) struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write(line, StderrLine::MayBeLeftOut);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LineQueueState {
    const fn new() -> Self {
        Self { lines: VecDeque::new(), bytes: 0, has_thread: false, is_writing: false, left_out: 0 }
    }

    fn is_busy(&self) -> bool {
        self.is_writing || !self.lines.is_empty() || self.left_out > 0
    }
}

impl LineQueue {
    fn state(&self) -> MutexGuard<'_, LineQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line; `false` if there is no thread that could write it.
    fn push(&'static self, line: &[u8], kind: StderrLine) -> bool {
        let mut state = self.state();
        if !state.has_thread {
            // Signals that ask to end are not for this thread.
            let _held = signals::BlockedSignals::new();
            let run = move || self.write_for_ever();
            let thread = thread::Builder::new().name("log".to_owned()).stack_size(256 << 10);
            state.has_thread = thread.spawn(run).is_ok();
            if !state.has_thread {
                return false;
            }
        }
        if kind == StderrLine::MayBeLeftOut && state.bytes + line.len() > MOST {
            state.left_out += 1;
        } else {
            state.bytes += line.len();
            state.lines.push_back(line.into());
        }
        drop(state);
        self.changed.notify_all();
        true
    }

    fn write_for_ever(&self) {
        loop {
            if let Some(line) = self.next() {
                let _ = stderr().lock().write_all(&line);
            }
            let left_out = {
                let mut state = self.state();
                state.is_writing = true;
                std::mem::take(&mut state.left_out)
            };
            if left_out > 0 {
                tracing::warn!("{left_out} messages were left out: stderr was not read");
            }
            tell_of_left_out(false);
            self.state().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for a line; `None` when there is something else to do.
    fn next(&self) -> Option<Box<[u8]>> {
        let mut state = self.state();
        loop {
            if let Some(line) = state.lines.pop_front() {
                state.bytes -= line.len();
                state.is_writing = true;
                return Some(line);
            }
            if state.left_out > 0 {
                return None;
            }
            state = match due() {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let rest = due.saturating_duration_since(Instant::now());
                    if rest.is_zero() {
                        return None;
                    }
                    let waited = self.changed.wait_timeout(state, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}
