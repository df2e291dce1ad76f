//! In which order cases are measured: in rounds, so that what disturbs the machine for a
//! while is spread over all of them and does not make one look slow.

use super::{Amount, Case, Measure, Sample};
use anyhow::Context as _;
use std::num::NonZeroUsize;

/// How much is measured of each case.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Rounds {
    pub(crate) repeat: NonZeroUsize,
    pub(crate) amount: Amount,
}

/// Who is told what is being measured.
pub(crate) trait Watch {
    /// A run begins; `done` of `all` have been made.
    fn begin(&mut self, case: &Case, done: usize, all: usize);
}

/// Measures every case as often as it is to be repeated: for each the samples, in order.
///
/// # Errors
/// The first one ends it: what is missing a part is no result.
pub(crate) fn schedule(
    cases: &[Case],
    rounds: Rounds,
    measure: &mut dyn Measure,
    watch: &mut dyn Watch,
) -> anyhow::Result<Vec<Vec<Sample>>> {
    let repeat = rounds.repeat.get();
    let mut samples: Vec<Vec<Sample>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..repeat {
        for (index, case) in cases.iter().enumerate() {
            watch.begin(case, round * cases.len() + index, repeat * cases.len());
            let sample = measure.measure(case, rounds.amount);
            samples[index].push(sample.with_context(|| {
                if repeat == 1 {
                    format!("{case}")
                } else {
                    format!("{case}, run {} of {repeat}", round + 1)
                }
            })?);
        }
    }
    Ok(samples)
}
