//! Progress on stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, WeakProgressBar};
use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// A thread that calls a function at an interval until it is dropped, and then a last time.
#[derive(Debug)]
pub(crate) struct Ticker {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Whether the function of a [`Ticker`] is called again.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    Again,
    Last,
}

impl Ticker {
    /// Interval between redraws of a line on a terminal.
    pub(crate) const REDRAW: Duration = Duration::from_millis(100);

    /// Starts the thread. If that fails there is no progress.
    pub(crate) fn start(interval: Duration, mut tick: impl FnMut(Tick) + Send + 'static) -> Self {
        let (end, is_over) = mpsc::channel::<()>();
        let run = move || {
            while is_over.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                tick(Tick::Again);
            }
            tick(Tick::Last);
        };
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(run);
        Self { thread: thread.ok().map(|thread| (end, thread)) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.thread.take() {
            drop(end);
            // The thread ends after the last tick.
            let _ = thread.join();
        }
    }
}

/// The line that was created last.
static LINE: Mutex<Option<WeakProgressBar>> = Mutex::new(None);

/// Calls the function, which writes whole lines to stderr, while no progress line is shown.
pub(super) fn without_progress_line(write: impl FnOnce()) {
    let line = LINE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match line.and_then(|line| line.upgrade()).filter(|line| !line.is_finished()) {
        Some(line) => line.suspend(write),
        None => write(),
    }
}

/// Creates a line on stderr with a template of indicatif, which has to be valid.
pub(crate) fn progress_line(length: Option<u64>, template: &str) -> ProgressBar {
    let line = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style);
    }
    *LINE.lock().unwrap_or_else(PoisonError::into_inner) = Some(line.downgrade());
    line
}
