//! Order of the runs: in rounds, so that a temporary disturbance of the machine affects all cases
//! and does not make a single one look slow.

use super::{Amount, BenchError, Case, Measure, RunResult, Sample};

/// How often and how much is measured of each case.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Rounds {
    /// Number of runs of each case, at least one.
    pub(crate) repeat: usize,
    pub(crate) amount: Amount,
}

/// Measures every case `repeat` times. Returns the samples of each case in order. Before each run
/// it calls `begin` with the case, the number of complete runs and that of all runs.
///
/// # Errors
/// The first error of a run ends the measurement: there are no partial results.
pub(crate) fn schedule(
    cases: &[Case],
    rounds: Rounds,
    measure: &mut dyn Measure,
    mut begin: impl FnMut(&Case, usize, usize),
) -> RunResult<Vec<Vec<Sample>>> {
    let Rounds { repeat, amount } = rounds;
    let mut samples: Vec<Vec<Sample>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..repeat {
        for (index, case) in cases.iter().enumerate() {
            begin(case, round * cases.len() + index, repeat * cases.len());
            let sample = measure.measure(case, amount);
            samples[index].push(sample.map_err(|error| {
                let run = (repeat > 1).then(|| format!(", run {} of {repeat}", round + 1));
                let case = format!("{case}{}", run.unwrap_or_default());
                BenchError::Run { case, source: Box::new(error) }
            })?);
        }
    }
    Ok(samples)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::bench::{Workload, fixture};
    use std::{cell::RefCell, io};

    /// Records the calls; fails at a given one.
    struct FakeMeasure<'a> {
        log: &'a RefCell<Vec<String>>,
        count: u64,
        fails_at: Option<u64>,
    }

    impl Measure for FakeMeasure<'_> {
        fn measure(&mut self, case: &Case, amount: Amount) -> RunResult<Sample> {
            self.count += 1;
            self.log.borrow_mut().push(format!("measure {} {amount}", case.size));
            if self.fails_at == Some(self.count) {
                return Err(io::Error::other("the server has gone").into());
            }
            Ok(fixture::sample(self.count))
        }
    }

    /// Returns the message counts of the samples and the recorded calls.
    fn run(repeat: usize, fails_at: Option<u64>) -> (RunResult<Vec<Vec<u64>>>, Vec<String>) {
        let sizes = [1, 2, 3];
        let cases = sizes.map(|size| Case { size, ..fixture::case(Workload::Throughput) });
        let log = RefCell::default();
        let rounds = Rounds { repeat, amount: Amount::Messages(7) };
        let mut fake = FakeMeasure { log: &log, count: 0, fails_at };
        let samples = schedule(&cases, rounds, &mut fake, |case, done, all| {
            log.borrow_mut().push(format!("begin {} {done}/{all}", case.size));
        });
        let counts = samples.map(|samples| {
            let of = |samples: &Vec<Sample>| samples.iter().map(|sample| sample.messages).collect();
            samples.iter().map(of).collect()
        });
        (counts, log.into_inner())
    }

    fn message(samples: RunResult<Vec<Vec<u64>>>) -> String {
        samples.unwrap_err().to_string()
    }

    #[test]
    fn every_case_has_its_turn_in_every_round() {
        let (samples, log) = run(2, None);
        assert_eq!(samples.unwrap(), [[1, 4], [2, 5], [3, 6]]);
        let expected = [
            "begin 1 0/6",
            "measure 1 7 messages or connections",
            "begin 2 1/6",
            "measure 2 7 messages or connections",
            "begin 3 2/6",
            "measure 3 7 messages or connections",
            "begin 1 3/6",
            "measure 1 7 messages or connections",
            "begin 2 4/6",
            "measure 2 7 messages or connections",
            "begin 3 5/6",
            "measure 3 7 messages or connections",
        ];
        assert_eq!(log, expected);
    }

    #[test]
    fn the_first_error_ends_it_and_names_case_and_run() {
        let (samples, log) = run(3, Some(5));
        assert_eq!(message(samples), "throughput 2 over abstract, run 2 of 3: the server has gone");
        // No calls follow the error.
        assert_eq!(log.len(), 10);
        let (samples, _) = run(1, Some(3));
        assert_eq!(message(samples), "throughput 3 over abstract: the server has gone");
    }
}
