//! `lsock bench`, and what it reports.

use super::{Cmd, Outcome, Scene};
use serde::Deserialize;
use std::ffi::OsStr;

/// What was measured, as JSON has it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) server: serde_json::Value,
    /// What the process said and how it ended.
    pub(crate) evidence: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) workload: String,
    pub(crate) over: String,
    pub(crate) api: String,
    #[serde(rename = "size_bytes")]
    pub(crate) size: u64,
    pub(crate) clients: u64,
    pub(crate) both_ways: bool,
    pub(crate) latency: Option<Latency>,
    pub(crate) fairness: Option<f64>,
    pub(crate) runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    #[serde(rename = "min_nanoseconds")]
    min: u64,
    #[serde(rename = "max_nanoseconds")]
    max: u64,
    quantiles: Vec<Quantile>,
}

#[derive(Debug, Deserialize)]
struct Quantile {
    quantile: f64,
    nanoseconds: u64,
}

#[derive(Deserialize)]
struct Results {
    format: String,
    schema: u32,
    setup: Setup,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Setup {
    server: serde_json::Value,
}

impl Scene {
    /// `lsock bench --json - ARGS...`, with the folder for temporary files.
    pub(crate) fn bench<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Cmd {
        self.plain_bench("--json -").args(args)
    }

    /// `lsock bench`, with a line of options.
    pub(crate) fn plain_bench(&self, line: &str) -> Cmd {
        self.lsock(["bench"]).args(line.split_whitespace()).env("TMPDIR", self.folder())
    }

    /// Runs a line of options, such as `latency --over fs,tcp`, which is to end well.
    #[track_caller]
    pub(crate) fn measure(&self, line: &str) -> Report {
        self.bench(line.split_whitespace()).run().measured()
    }
}

impl Outcome {
    /// It has measured: what it reports is complete, and the figures go together.
    #[track_caller]
    pub(crate) fn measured(self) -> Report {
        let outcome = self.ok();
        let evidence = outcome.report();
        let results: Results = serde_json::from_slice(&outcome.stdout)
            .unwrap_or_else(|error| panic!("no JSON of a report: {error}\n{evidence}"));
        assert_eq!((results.format.as_str(), results.schema), ("lsock-bench", 1), "{evidence}");
        assert!(!results.rows.is_empty(), "no rows\n{evidence}");
        let report = Report { rows: results.rows, server: results.setup.server, evidence };
        report.rows.iter().for_each(|row| row.check(&report.evidence));
        report
    }
}

impl Report {
    /// The rows as they are typed: `throughput 64 fs sync 1`, the last being the clients.
    pub(crate) fn cases(&self) -> Vec<String> {
        self.rows.iter().map(Row::case).collect()
    }

    /// All messages are whole ones.
    #[track_caller]
    pub(crate) fn of_whole_messages(self) -> Self {
        for row in &self.rows {
            for run in &row.runs {
                let bytes = run.messages * row.size;
                assert_eq!(run.bytes, bytes, "bytes of {}\n{}", row.case(), self.evidence);
            }
        }
        self
    }

    /// Each of so many runs has so many messages or connections.
    #[track_caller]
    pub(crate) fn of_messages(self, runs: usize, messages: impl Fn(&Row) -> u64) -> Self {
        for row in &self.rows {
            assert_eq!(row.runs.len(), runs, "runs of {}\n{}", row.case(), self.evidence);
            for run in &row.runs {
                let expected = messages(row);
                assert_eq!(run.messages, expected, "{}\n{}", row.case(), self.evidence);
            }
        }
        self
    }

    /// The bytes of every run of the only row.
    #[track_caller]
    pub(crate) fn bytes(&self) -> Vec<u64> {
        assert_eq!(self.rows.len(), 1, "{}", self.evidence);
        self.rows[0].runs.iter().map(|run| run.bytes).collect()
    }
}

impl Row {
    pub(crate) fn case(&self) -> String {
        let Self { workload, size, over, api, clients, .. } = self;
        format!("{workload} {size} {over} {api} {clients}")
    }

    /// What holds of every row.
    #[track_caller]
    fn check(&self, evidence: &str) {
        let case = self.case();
        assert!(!self.runs.is_empty(), "no runs of {case}\n{evidence}");
        for run in &self.runs {
            assert!(run.messages > 0 && run.seconds > 0.0, "nothing done in {case}\n{evidence}");
        }
        let is_part = self.fairness.is_none_or(|part| (0.0..=1.0).contains(&part));
        assert!(is_part, "fairness of {case}\n{evidence}");
        let Some(latency) = &self.latency else { return };
        let messages: u64 = self.runs.iter().map(|run| run.messages).sum();
        assert_eq!(latency.count, messages, "times of {case}\n{evidence}");
        let ascend = latency.quantiles.windows(2).all(|pair| {
            pair[0].quantile < pair[1].quantile && pair[0].nanoseconds <= pair[1].nanoseconds
        });
        let all = latency.min..=latency.max;
        let within = latency.quantiles.iter().all(|it| all.contains(&it.nanoseconds));
        assert!(ascend && within && latency.min > 0, "quantiles of {case}\n{evidence}");
    }
}
