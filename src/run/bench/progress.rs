use crate::{
    bench::Case,
    diag::{Terminal, Tick, Ticker, progress_line},
};
use indicatif::ProgressBar;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A progress line on stderr with the current case and the remaining time, if stderr is a
/// terminal and messages are not JSON.
#[derive(Debug, Default)]
pub(super) struct BenchProgress {
    shown: Option<ProgressLine>,
}

#[derive(Debug)]
struct ProgressLine {
    bar: ProgressBar,
    current: Arc<Mutex<CurrentRun>>,
    _ticker: Ticker,
}

/// The number of complete runs, and the start of the current one.
#[derive(Copy, Clone, Debug)]
struct CurrentRun {
    done: u32,
    start: Instant,
}

const BAR: &str = "{spinner} {bar:24} {eta} left: {wide_msg}";
const LINE: &str = "{spinner} {elapsed}: {wide_msg}";

impl BenchProgress {
    /// Creates the line. `each` is the expected duration of a run, if it is known.
    pub(super) fn new(terminal: Terminal, runs: usize, each: Option<Duration>) -> Self {
        if !terminal.is_terminal() || !terminal.is_for_people() || terminal.is_quiet() {
            return Self::default();
        }
        let length = each.map(|each| millis(each).saturating_mul(runs as u64));
        let bar = progress_line(length, if each.is_some() { BAR } else { LINE });
        let current = Arc::new(Mutex::new(CurrentRun { done: 0, start: Instant::now() }));
        let (line, run) = (bar.clone(), Arc::clone(&current));
        let ticker = Ticker::start(Ticker::REDRAW, move |tick| {
            if tick == Tick::Last {
                return line.finish_and_clear();
            }
            if let Some(each) = each {
                let CurrentRun { done, start } =
                    *run.lock().unwrap_or_else(PoisonError::into_inner);
                let before = each.saturating_mul(done);
                line.set_position(millis(before.saturating_add(start.elapsed().min(each))));
            }
            line.tick();
        });
        Self { shown: Some(ProgressLine { bar, current, _ticker: ticker }) }
    }

    /// Shows the run that begins; `done` of `all` runs are complete.
    pub(super) fn begin(&self, case: &Case, done: usize, all: usize) {
        tracing::info!("run {} of {all}: {case}", done + 1);
        if let Some(shown) = &self.shown {
            shown.bar.set_message(format!("{case} (run {} of {all})", done + 1));
            let done = u32::try_from(done).unwrap_or(u32::MAX);
            let run = CurrentRun { done, start: Instant::now() };
            *shown.current.lock().unwrap_or_else(PoisonError::into_inner) = run;
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
