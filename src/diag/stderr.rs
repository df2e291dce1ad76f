//! Lines on stderr. A server writes them on a thread, so that a slow reader of stderr delays no
//! client.

use super::{
    log::{due, log_left_out},
    ticker::without_progress_line,
};
use std::{
    borrow::Cow,
    collections::VecDeque,
    io::{self, ErrorKind, IsTerminal as _, Write, stderr},
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// Starts a thread that runs the function.
pub(crate) type StartThread = fn(fn()) -> io::Result<()>;

/// Set if lines are written on a thread.
static START_THREAD: OnceLock<StartThread> = OnceLock::new();

static QUEUE: LineQueue =
    LineQueue { state: Mutex::new(LineQueueState::new()), changed: Condvar::new() };

/// Maximum size of the queued lines, in bytes.
const MOST: usize = 256 << 10;

/// Maximum time to wait for the queued lines when the process ends.
const LAST_TIME: Duration = Duration::from_secs(1);

/// Queued lines and the thread that writes them.
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
    /// Number of lines that did not fit into the queue since the last message about them.
    left_out: u64,
}

/// Whether a line may be dropped when the queue is full.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum StderrLine {
    MayBeLeftOut,
    Stays,
}

/// Makes all further lines be written on a thread. The first line starts it by calling `start`.
pub(crate) fn write_on_a_thread(start: StartThread) {
    START_THREAD.get_or_init(|| start);
}

pub(super) fn is_on_a_thread() -> bool {
    START_THREAD.get().is_some()
}

/// Writes a line with one call, so that lines of several processes do not mix. Errors are ignored:
/// no other place is left to report them.
pub(super) fn write(line: &[u8], kind: StderrLine) {
    if !START_THREAD.get().is_some_and(|start| QUEUE.push(line, kind, *start)) {
        write_at_once(line);
    }
}

fn write_at_once(line: &[u8]) {
    without_progress_line(|| {
        let _ = stderr().lock().write_all(&with_line_ends(line));
    });
}

/// Whether the terminal of this process is in raw mode.
static IS_RAW: AtomicBool = AtomicBool::new(false);

/// Makes each line for a terminal in raw mode end with a carriage return, which the terminal does not
/// add then; or ends this.
pub(crate) fn lines_of_raw_terminal(is_raw: bool) {
    IS_RAW.store(is_raw, Relaxed);
}

/// Returns the lines with the ends that stderr needs.
fn with_line_ends(lines: &[u8]) -> Cow<'_, [u8]> {
    if !IS_RAW.load(Relaxed) || !stderr().is_terminal() {
        return lines.into();
    }
    let mut raw = Vec::with_capacity(lines.len() + 2);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => raw.extend([text, b"\r\n"].concat()),
            None => raw.extend(line),
        }
    }
    raw.into()
}

/// Writes lines of a trace and waits for the reader of stderr, because a trace leaves nothing out.
/// Errors are ignored, as those of messages.
pub(crate) fn write_trace(lines: &[u8]) {
    const PAUSE: Duration = Duration::from_millis(5);
    without_progress_line(|| {
        let lines = with_line_ends(lines);
        let mut stderr = stderr().lock();
        let mut rest = &*lines;
        while !rest.is_empty() {
            match stderr.write(rest) {
                Ok(0) => return,
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Another program has made the file non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(_) => return,
            }
        }
    });
}

/// Makes the thread query [`due`] again.
pub(super) fn wake() {
    // The lock ensures that the thread is not between its query and its wait.
    drop(QUEUE.state());
    QUEUE.changed.notify_all();
}

/// Waits until all lines are written, at most for [`LAST_TIME`].
pub(crate) fn flush() {
    if !is_on_a_thread() {
        return;
    }
    // Several threads may be about to end the process. None of them may do so while another one
    // still writes.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    log_left_out(true);
    let state = QUEUE.state();
    let is_busy = |state: &mut LineQueueState| state.has_thread && state.is_busy();
    drop(QUEUE.changed.wait_timeout_while(state, LAST_TIME, is_busy));
}

/// The writer for tracing; each write is a line.
#[derive(Debug)]
pub(super) struct StderrLog;

impl Write for StderrLog {
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

    /// Queues a line. Returns `false` if the thread cannot be started.
    fn push(&self, line: &[u8], kind: StderrLine, start: StartThread) -> bool {
        let mut state = self.state();
        if !state.has_thread {
            state.has_thread = start(|| QUEUE.write_for_ever()).is_ok();
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
                write_at_once(&line);
            }
            let left_out = {
                let mut state = self.state();
                state.is_writing = true;
                std::mem::take(&mut state.left_out)
            };
            if left_out > 0 {
                tracing::warn!("{left_out} messages were left out: stderr was not read");
            }
            log_left_out(false);
            self.state().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for a line. Returns `None` when a message about left-out lines is due.
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
