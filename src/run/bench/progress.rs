use crate::{
    bench::{Case, Watch},
    diag::Terminal,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// A line on stderr that says what is being measured and how long it will take, if that is
/// a terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

const LINE: &str = "{spinner} {bar:24} {pos} of {len}, {eta} left: {wide_msg}";

impl Progress {
    pub(super) fn new(terminal: Terminal) -> Self {
        let shows = terminal.is_terminal() && !terminal.is_quiet();
        let target =
            if shows { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        // The template is a constant and known to be right.
        if let Ok(style) = ProgressStyle::with_template(LINE) {
            bar.set_style(style);
        }
        if shows {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar }
    }
}

impl Watch for Progress {
    fn begin(&mut self, case: &Case, done: usize, all: usize) {
        tracing::info!("{case}: run {} of {all} begins", done + 1);
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(case.to_string());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
