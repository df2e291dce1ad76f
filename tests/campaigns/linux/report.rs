//! Counters and failures of the campaigns.

use super::random::Random;
use std::{
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
    time::Duration,
};

/// The most characters of the evidence of a failure that are printed.
const EVIDENCE: usize = 4000;

/// The most failures of one check that are printed, the first one with its evidence.
const SHOWN: usize = 5;

/// Counters by description.
#[derive(Debug, Default)]
pub(super) struct Figures {
    counts: BTreeMap<String, u64>,
}

impl Figures {
    pub(super) fn add(&mut self, what: impl Into<String>, count: u64) {
        *self.counts.entry(what.into()).or_default() += count;
    }

    pub(super) fn maximum(&mut self, what: impl Into<String>, value: u64) {
        let entry = self.counts.entry(what.into()).or_default();
        *entry = value.max(*entry);
    }
}

/// Failures of one check.
#[derive(Debug, Default)]
struct Failure {
    count: u64,
    /// Seed and evidence of the first rounds in which the check failed.
    rounds: Vec<(u64, String)>,
}

/// The results of one campaign.
#[derive(Debug)]
pub(super) struct Summary {
    name: &'static str,
    pub(super) rounds: u64,
    pub(super) elapsed: Duration,
    shown: Duration,
    figures: Figures,
    /// Failures by the source location of the check.
    failures: BTreeMap<String, Failure>,
}

/// The location and message of the first panic of a round, in any thread.
static PANIC: Mutex<Option<(String, String)>> = Mutex::new(None);

/// Stores panics for the report instead of printing them.
pub(super) fn collect_panics() {
    panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        let message = info.payload_as_str().unwrap_or("no message").to_owned();
        PANIC.lock().unwrap().get_or_insert((location, message));
    }));
}

impl Summary {
    pub(super) fn new(name: &'static str) -> Self {
        let (elapsed, shown) = (Duration::ZERO, Duration::ZERO);
        let (figures, failures) = (Figures::default(), BTreeMap::new());
        Self { name, rounds: 0, elapsed, shown, figures, failures }
    }

    pub(super) fn run_round(&mut self, seed: u64, round: fn(&mut Random, &mut Figures)) {
        let result = panic::catch_unwind(AssertUnwindSafe(|| {
            round(&mut Random::new(seed), &mut self.figures);
        }));
        self.rounds += 1;
        let panic = PANIC.lock().unwrap().take();
        if result.is_ok() && panic.is_none() {
            return;
        }
        let (location, evidence) = panic.unwrap_or_default();
        let failure = self.failures.entry(location).or_default();
        failure.count += 1;
        if failure.rounds.len() < SHOWN {
            failure.rounds.push((seed, evidence));
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    fn failed_rounds(&self) -> u64 {
        self.failures.values().map(|failure| failure.count).sum()
    }

    /// Prints a line once a minute.
    pub(super) fn show_progress(&mut self, elapsed: Duration) {
        if elapsed - self.shown >= Duration::from_secs(60) {
            self.shown = elapsed;
            let (rounds, failed) = (self.rounds, self.failed_rounds());
            println!("{}: {rounds} rounds, {failed} failed", self.name);
        }
    }
}

/// Prints the evidence of all failures, and then the table.
pub(super) fn print(summaries: &[Summary]) {
    for summary in summaries {
        for (location, failure) in &summary.failures {
            println!("\n{}: failed {} times at {location}", summary.name, failure.count);
            for (number, (seed, evidence)) in failure.rounds.iter().enumerate() {
                let shown: String = match number {
                    0 => evidence.chars().take(EVIDENCE).collect(),
                    _ => evidence.lines().take(1).collect(),
                };
                println!("  seed {seed}: {}", shown.replace('\n', "\n    "));
            }
        }
    }
    println!("\n{:9} {:>8} {:>8} {:>8}", "campaign", "rounds", "failed", "seconds");
    for summary in summaries {
        let Summary { name, rounds, elapsed, figures, .. } = summary;
        let failed = summary.failed_rounds();
        println!("{name:9} {rounds:8} {failed:8} {:8}", elapsed.as_secs());
        for (what, count) in &figures.counts {
            println!("  {count:>14}  {what}");
        }
    }
}
