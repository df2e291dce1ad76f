use crate::{
    bench::{Case, RunObserver},
    diag::Terminal,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A progress line on stderr with the current case and the remaining time, if stderr is a
/// terminal.
#[derive(Debug, Default)]
pub(super) struct BenchProgress {
    shown: Option<ProgressLine>,
}

#[derive(Debug)]
struct ProgressLine {
    bar: ProgressBar,
    /// Expected duration of a run, if it is known.
    each: Option<Duration>,
    /// Number of completed runs and start of the current one.
    now: Arc<Mutex<(u32, Instant)>>,
    end: Option<(Sender<()>, JoinHandle<()>)>,
}

const BAR: &str = "{spinner} {bar:24} {eta} left: {wide_msg}";
const LINE: &str = "{spinner} {elapsed}: {wide_msg}";

/// Interval between redraws.
const TICK: Duration = Duration::from_millis(100);

impl BenchProgress {
    /// Creates the line. `each` is the expected duration of a run.
    pub(super) fn new(terminal: Terminal, runs: usize, each: Option<Duration>) -> Self {
        if !terminal.is_terminal() || terminal.is_quiet() {
            return Self::default();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // Cannot fail: the templates are constants.
        if let Ok(style) = ProgressStyle::with_template(if each.is_some() { BAR } else { LINE }) {
            bar.set_style(style);
        }
        if let Some(each) = each {
            bar.set_length(millis(each).saturating_mul(runs as u64));
        }
        let now = Arc::new(Mutex::new((0, Instant::now())));
        let mut shown = ProgressLine { bar, each, now, end: None };
        shown.start();
        Self { shown: Some(shown) }
    }
}

impl ProgressLine {
    fn start(&mut self) {
        let (end, is_over) = mpsc::channel::<()>();
        let (bar, each, now) = (self.bar.clone(), self.each, Arc::clone(&self.now));
        let draw = move || {
            while is_over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if let Some(each) = each {
                    let (done, begun) = *now.lock().unwrap_or_else(PoisonError::into_inner);
                    let before = each.saturating_mul(done);
                    bar.set_position(millis(before.saturating_add(begun.elapsed().min(each))));
                }
                bar.tick();
            }
            bar.finish_and_clear();
        };
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(draw);
        self.end = thread.ok().map(|thread| (end, thread));
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl RunObserver for BenchProgress {
    fn begin(&mut self, case: &Case, done: usize, all: usize) {
        tracing::info!("run {} of {all}: {case}", done + 1);
        if let Some(shown) = &self.shown {
            let done = u32::try_from(done).unwrap_or(u32::MAX);
            *shown.now.lock().unwrap_or_else(PoisonError::into_inner) = (done, Instant::now());
            shown.bar.set_message(format!("{case} (run {} of {all})", done + 1));
        }
    }
}

impl Drop for BenchProgress {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.shown.take().and_then(|shown| shown.end) {
            drop(end);
            // The thread clears the line and ends.
            let _ = thread.join();
        }
    }
}
