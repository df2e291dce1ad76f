//! What came out, as every report shows it and as it is saved.

use super::{
    Amount, Case, Environment, Sample, Usage, Warning, Workload, amount::seconds,
    statistics::Figure,
};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything that a report needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) format: FormatVersion,
    pub(crate) environment: Environment,
    pub(crate) setup: Setup,
    pub(crate) rows: Vec<Row>,
    pub(crate) warnings: Vec<Warning>,
}

/// That it is a result of this program; other versions have other fields.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FormatVersion {
    #[serde(rename = "lsock-bench 1")]
    V1,
}

/// How it was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// Where the server was.
    pub(crate) server: ServerDescription,
    /// The CPUs that were kept to: the server to the first, clients to the others.
    pub(crate) pin: Vec<usize>,
    /// How often each case was measured.
    pub(crate) repeat: usize,
    #[serde(rename = "warmup_seconds", with = "seconds")]
    pub(crate) warmup: Duration,
    /// How much each time.
    pub(crate) amount: Amount,
}

/// Where the server of a measurement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "kebab-case")]
pub(crate) enum ServerDescription {
    /// In a process of its own.
    Process,
    /// In the process of the clients.
    InProcess,
    /// Somebody else's, that echoes.
    ForeignEcho(String),
    /// Somebody else's, that discards: what arrived there is not known.
    ForeignDiscard(String),
    /// This is the server, of clients that are somebody else's.
    OwnEcho(String),
    /// The same, and it discards.
    OwnDiscard(String),
}

/// A case with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) case: Case,
    pub(crate) bytes_per_second: Figure,
    /// Messages, or connections.
    pub(crate) messages_per_second: Figure,
    pub(crate) latency: Option<Latency>,
    /// Of both sides, as far as they are ours; not of senders that keep to a rate.
    pub(crate) cpu_seconds_per_gb: Option<f64>,
    pub(crate) cpu_microseconds_per_message: Option<f64>,
    /// Context switches of both sides for each message, where the system tells.
    pub(crate) switches_per_message: Option<f64>,
    /// The slowest client's part of the fastest one's: the least of all runs.
    pub(crate) fairness: Option<f64>,
    /// How far apart the runs are, as a part of the median.
    pub(crate) spread: Option<f64>,
    /// Compared with the first row that [is like](Case::is_comparable_to) it: more is faster. Not known where
    /// one of the two has no figure, or the first one's is zero.
    pub(crate) ratio: Option<f64>,
    pub(crate) runs: Vec<Run>,
}

/// One run.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
    pub(crate) p50_nanoseconds: Option<u64>,
    pub(crate) client: Option<Usage>,
    pub(crate) server: Option<Usage>,
    /// CPUs that other processes kept busy meanwhile.
    #[serde(rename = "cpus_of_others")]
    pub(crate) other_cpus: Option<f64>,
}

/// The times of all runs together, in nanoseconds.
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

/// The time within which that part of all messages came back.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantile {
    pub(crate) quantile: f64,
    pub(crate) nanoseconds: u64,
}

/// Those that are reported, as far as there are enough times for them.
const QUANTILES: [f64; 15] =
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999];

impl ServerDescription {
    /// As it is in JSON and CSV.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::InProcess => "in-process",
            Self::ForeignEcho(_) => "foreign-echo",
            Self::ForeignDiscard(_) => "foreign-discard",
            Self::OwnEcho(_) => "own-echo",
            Self::OwnDiscard(_) => "own-discard",
        }
    }

    /// Where it meets the programs of others.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Process | Self::InProcess => None,
            Self::ForeignEcho(name)
            | Self::ForeignDiscard(name)
            | Self::OwnEcho(name)
            | Self::OwnDiscard(name) => Some(name),
        }
    }
}

/// Which figure tells how fast a workload is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    BytesPerSecond,
    MessagesPerSecond,
    /// The median time: less is faster.
    MedianTime,
}

impl Workload {
    /// The figure by which its rows are compared.
    pub(crate) fn metric(self) -> Metric {
        match self {
            Self::Throughput => Metric::BytesPerSecond,
            Self::Latency => Metric::MedianTime,
            Self::Connect | Self::FanIn => Metric::MessagesPerSecond,
        }
    }
}

impl Results {
    /// What the samples of the cases say.
    ///
    /// There is a row for every case that has samples; there is none without.
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
        Self { format: FormatVersion::V1, environment, setup, rows, warnings }
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
        // A sender that keeps to a rate is busy with waiting.
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

    /// The figure by which it is compared, in bytes, messages or nanoseconds.
    pub(crate) fn figure(&self) -> Option<Figure> {
        match self.case.workload.metric() {
            Metric::BytesPerSecond => Some(self.bytes_per_second),
            Metric::MessagesPerSecond => Some(self.messages_per_second),
            Metric::MedianTime => Figure::of(
                self.runs.iter().filter_map(|run| run.p50_nanoseconds.map(|time| time as f64)),
            ),
        }
    }

    /// More is faster, whatever the figure is.
    fn speed(&self) -> Option<f64> {
        let median = self.figure()?.median;
        Some(match self.case.workload.metric() {
            Metric::BytesPerSecond | Metric::MessagesPerSecond => median,
            Metric::MedianTime => 1.0 / median,
        })
    }
}

impl Sample {
    /// A coarse clock may say that there was no time at all.
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
    /// Of all runs together; a quantile that less than one time lies beyond is left out.
    fn new(samples: &[Sample]) -> Option<Self> {
        let mut all = samples.iter().filter_map(|sample| sample.latencies.as_ref());
        let mut times = all.next()?.clone();
        // They are all made alike, so that each can hold what the others do.
        for more in all {
            let _ = times.add(more);
        }
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

    /// The time of one of the reported quantiles.
    pub(crate) fn time_at(&self, quantile: f64) -> Option<u64> {
        let is_same = |point: &&Quantile| (point.quantile - quantile).abs() < 1e-9;
        self.quantiles.iter().find(is_same).map(|point| point.nanoseconds)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
