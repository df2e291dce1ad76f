//! Results of a measurement: what every report shows and `--save` keeps.

use super::{
    Amount, Case, Environment, Sample, ServerDescription, Usage, Warning, Workload,
    amount::seconds, measure::merged, statistics::Figure,
};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything that reports need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) format: FormatName,
    /// The version of the format. Other versions may have other fields.
    pub(crate) schema: u32,
    pub(crate) environment: Environment,
    pub(crate) setup: Setup,
    pub(crate) rows: Vec<Row>,
    pub(crate) warnings: Vec<Warning>,
}

/// What identifies a document.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FormatName {
    #[serde(rename = "lsock-bench")]
    Bench,
}

/// The version of the format that this version of lsock writes and reads.
pub(crate) const SCHEMA: u32 = 1;

/// How the cases were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) server: ServerDescription,
    /// CPUs of `--pin`: the server's, then those of the clients.
    pub(crate) pin: Vec<usize>,
    /// Number of runs of each case.
    pub(crate) repeat: usize,
    #[serde(rename = "warmup_seconds", with = "seconds")]
    pub(crate) warmup: Duration,
    /// Amount of each run.
    pub(crate) amount: Amount,
}

/// A case and its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) case: Case,
    pub(crate) bytes_per_second: Figure,
    /// Messages or connections.
    pub(crate) messages_per_second: Figure,
    pub(crate) latency: Option<Latency>,
    /// CPU time of both sides, except external ones; `None` for cases with a rate.
    pub(crate) cpu_seconds_per_gb: Option<f64>,
    pub(crate) cpu_microseconds_per_message: Option<f64>,
    /// Context switches of both sides per message, if the system counts them.
    pub(crate) switches_per_message: Option<f64>,
    /// Work of the slowest client divided by that of the fastest one: the minimum of all runs.
    pub(crate) fairness: Option<f64>,
    /// Distance between the extreme runs divided by the median.
    pub(crate) spread: Option<f64>,
    /// Speed divided by that of the first [comparable](Case::is_comparable_to) row; more is
    /// faster. `None` if one of the two has no figure or the first one's is zero.
    pub(crate) ratio: Option<f64>,
    pub(crate) runs: Vec<Run>,
}

/// Figures of one run.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
    pub(crate) p50_nanoseconds: Option<u64>,
    pub(crate) client: Option<Usage>,
    pub(crate) server: Option<Usage>,
    /// Number of CPUs that other processes kept busy.
    #[serde(rename = "cpus_of_others")]
    pub(crate) other_cpus: Option<f64>,
}

/// Times of all runs together in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    #[serde(rename = "min_nanoseconds")]
    pub(crate) min: u64,
    #[serde(rename = "mean_nanoseconds")]
    pub(crate) mean: f64,
    #[serde(rename = "max_nanoseconds")]
    pub(crate) max: u64,
    pub(crate) quantiles: Vec<Quantile>,
}

/// The time within which this fraction of the messages was answered.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantile {
    pub(crate) quantile: f64,
    pub(crate) nanoseconds: u64,
}

/// The reported quantiles, if there are enough times for them.
const QUANTILES: [f64; 15] =
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999];

/// The figure by which a workload is compared.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    BytesPerSecond,
    MessagesPerSecond,
    /// Median time: less is faster.
    MedianTime,
}

impl Workload {
    /// Returns the figure by which rows of this workload are compared.
    pub(crate) fn metric(self) -> Metric {
        match self {
            Self::Throughput => Metric::BytesPerSecond,
            Self::Latency => Metric::MedianTime,
            Self::Connect | Self::FanIn => Metric::MessagesPerSecond,
        }
    }
}

impl Results {
    /// Computes the results from samples.
    ///
    /// Cases without samples have no row.
    pub(crate) fn new(
        environment: Environment,
        setup: Setup,
        measured: Vec<(Case, Vec<Sample>)>,
    ) -> Self {
        let mut rows: Vec<Row> =
            measured.into_iter().filter_map(|(case, samples)| Row::new(case, &samples)).collect();
        for index in 0..rows.len() {
            let row = &rows[index];
            let base = rows
                .iter()
                .find(|other| other.case.is_comparable_to(&row.case))
                .and_then(Row::speed);
            let ratio = row.speed().zip(base).map(|(speed, base)| speed / base);
            rows[index].ratio = ratio.filter(|ratio| ratio.is_finite());
        }
        let warnings = Warning::of(&environment, &setup, &rows);
        Self { format: FormatName::Bench, schema: SCHEMA, environment, setup, rows, warnings }
    }

    /// Returns the rows of each workload that was measured.
    pub(crate) fn by_workload(&self) -> impl Iterator<Item = (Workload, Vec<&Row>)> {
        let rows_of = |workload| self.rows.iter().filter(move |row| row.case.workload == workload);
        let all =
            Workload::ALL.into_iter().map(move |workload| (workload, rows_of(workload).collect()));
        all.filter(|(_, rows): &(_, Vec<&Row>)| !rows.is_empty())
    }
}

impl Row {
    fn new(case: Case, samples: &[Sample]) -> Option<Self> {
        let rate = |count: fn(&Sample) -> u64| {
            Figure::of(samples.iter().map(|sample| count(sample) as f64 / sample.seconds()))
        };
        let total = |count: fn(&Sample) -> u64| samples.iter().map(count).sum::<u64>() as f64;
        let (bytes, messages) = (total(|sample| sample.bytes), total(|sample| sample.messages));
        let cpu: f64 = samples.iter().map(|sample| sample.cpu().as_secs_f64()).sum();
        let switches: Option<u64> = samples.iter().map(Sample::switches).sum();
        // A sender that waits for the next due time keeps its CPU busy.
        let has_cpu_time = case.rate.is_none();
        let per = |total: f64, count: f64| (has_cpu_time && count > 0.0).then(|| total / count);
        let mut row = Self {
            bytes_per_second: rate(|sample| sample.bytes)?,
            messages_per_second: rate(|sample| sample.messages)?,
            latency: Latency::new(samples),
            cpu_seconds_per_gb: per(cpu, bytes / 1e9),
            cpu_microseconds_per_message: per(cpu * 1e6, messages),
            switches_per_message: switches.and_then(|count| per(count as f64, messages)),
            fairness: samples.iter().filter_map(|sample| sample.fairness).min_by(f64::total_cmp),
            spread: None,
            ratio: None,
            runs: samples.iter().map(Run::new).collect(),
            case,
        };
        row.spread = row.figure().map(|figure| figure.spread()).filter(|_| samples.len() > 1);
        Some(row)
    }

    /// Returns the figure by which the row is compared, in bytes, messages or nanoseconds.
    pub(crate) fn figure(&self) -> Option<Figure> {
        match self.case.workload.metric() {
            Metric::BytesPerSecond => Some(self.bytes_per_second),
            Metric::MessagesPerSecond => Some(self.messages_per_second),
            Metric::MedianTime => Figure::of(
                self.runs.iter().filter_map(|run| run.p50_nanoseconds.map(|time| time as f64)),
            ),
        }
    }

    /// Returns a value that is greater if the row is faster.
    fn speed(&self) -> Option<f64> {
        let median = self.figure()?.median;
        Some(match self.case.workload.metric() {
            Metric::BytesPerSecond | Metric::MessagesPerSecond => median,
            Metric::MedianTime => 1.0 / median,
        })
    }
}

impl Sample {
    /// Returns the elapsed time, at least 1 ns: a coarse clock can return zero.
    fn seconds(&self) -> f64 {
        self.elapsed.max(Duration::from_nanos(1)).as_secs_f64()
    }

    fn cpu(&self) -> Duration {
        self.usages().map(|usage| usage.cpu).sum()
    }

    fn switches(&self) -> Option<u64> {
        self.usages()
            .map(|usage| usage.switches.map(|count| count.voluntary + count.involuntary))
            .sum()
    }

    fn usages(&self) -> impl Iterator<Item = Usage> {
        self.client.into_iter().chain(self.server)
    }
}

impl Run {
    fn new(sample: &Sample) -> Self {
        let p50 =
            |times: &Histogram<u64>| (!times.is_empty()).then(|| times.value_at_quantile(0.5));
        Self {
            seconds: sample.elapsed.as_secs_f64(),
            bytes: sample.bytes,
            messages: sample.messages,
            p50_nanoseconds: sample.latencies.as_ref().and_then(p50),
            client: sample.client,
            server: sample.server,
            other_cpus: sample.other_cpus,
        }
    }
}

impl Latency {
    /// Combines all runs. Quantiles with less than one time beyond them are left out.
    fn new(samples: &[Sample]) -> Option<Self> {
        let times = merged(samples.iter().filter_map(|sample| sample.latencies.as_ref()))?;
        let count = times.len();
        let quantiles = QUANTILES
            .into_iter()
            .filter(|quantile| count as f64 * (1.0 - quantile) >= 1.0 - 1e-9)
            .map(|quantile| Quantile { quantile, nanoseconds: times.value_at_quantile(quantile) });
        Some(Self {
            count,
            min: times.min(),
            mean: times.mean(),
            max: times.max(),
            quantiles: quantiles.collect(),
        })
        .filter(|_| count > 0)
    }

    /// Returns the time at one of the reported quantiles.
    pub(crate) fn time_at(&self, quantile: f64) -> Option<u64> {
        let is_same = |point: &&Quantile| (point.quantile - quantile).abs() < 1e-9;
        self.quantiles.iter().find(is_same).map(|point| point.nanoseconds)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
