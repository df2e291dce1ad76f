//! The figures of a program in each round.

use anyhow::Result;

/// A program: its figures in each round, or the reason why there are none.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// A figure that does not exist for a program is NaN.
    runs: Vec<Vec<f64>>,
    pub(super) failure: Option<String>,
}

impl Row {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), runs: Vec::new(), failure: None }
    }

    /// Does the work as a check and as a warm-up.
    pub(super) fn check(&mut self, work: impl FnOnce() -> Result<()>) {
        if self.failure.is_none()
            && let Err(error) = work()
        {
            self.fail(&error);
        }
    }

    /// Runs a round, unless the program has failed before.
    pub(super) fn record(&mut self, work: impl FnOnce() -> Result<Vec<f64>>) {
        if self.failure.is_some() {
            return;
        }
        match work() {
            Ok(run) => {
                eprintln!("  {}: {run:.3?}", self.name);
                self.runs.push(run);
            }
            Err(error) => self.fail(&error),
        }
    }

    pub(super) fn fail(&mut self, error: &anyhow::Error) {
        eprintln!("  {}: failed: {error:#}", self.name);
        self.failure = Some(format!("{error:#}"));
    }

    /// Returns the ratios of a column's figures to those of another program in the same round.
    pub(super) fn ratios(&self, to: &Self, column: usize) -> Vec<f64> {
        self.figures(column).iter().zip(to.figures(column)).map(|(one, of)| one / of).collect()
    }

    /// Returns the figures of a column in all rounds.
    pub(super) fn figures(&self, column: usize) -> Vec<f64> {
        self.runs.iter().map(|run| run[column]).collect()
    }
}
