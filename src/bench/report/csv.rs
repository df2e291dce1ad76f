//! CSV with one line per row, for spreadsheets and data frames.

use crate::bench::{
    Amount, Results,
    results::{Latency, Row},
};
use anyhow::Context as _;
use serde::Serialize;

/// The columns in order. Values that all lines share come last.
#[derive(Serialize)]
struct CsvLine<'a> {
    workload: &'static str,
    over: &'static str,
    api: &'static str,
    size_bytes: usize,
    clients: usize,
    both_ways: bool,
    rate_per_second: Option<u64>,
    bytes_per_second_median: f64,
    bytes_per_second_min: f64,
    bytes_per_second_max: f64,
    messages_per_second_median: f64,
    messages_per_second_min: f64,
    messages_per_second_max: f64,
    times: Option<u64>,
    min_nanoseconds: Option<u64>,
    mean_nanoseconds: Option<f64>,
    p50_nanoseconds: Option<u64>,
    p90_nanoseconds: Option<u64>,
    p99_nanoseconds: Option<u64>,
    p99_9_nanoseconds: Option<u64>,
    p99_99_nanoseconds: Option<u64>,
    max_nanoseconds: Option<u64>,
    cpu_seconds_per_gb: Option<f64>,
    cpu_microseconds_per_message: Option<f64>,
    switches_per_message: Option<f64>,
    fairness: Option<f64>,
    spread: Option<f64>,
    ratio: Option<f64>,
    runs: usize,
    amount: &'static str,
    amount_of_run: Option<f64>,
    warmup_seconds: f64,
    server: &'static str,
    server_name: Option<&'a str>,
    pin: String,
    lsock: &'a str,
    time: &'a str,
    system: &'a str,
    kernel: Option<&'a str>,
    machine: &'a str,
    cpu: Option<&'a str>,
    cpus: usize,
    governor: Option<&'a str>,
    options: String,
}

/// Formats the results as CSV with a header line.
///
/// # Errors
/// None is known: the text is written to memory.
pub(crate) fn csv(results: &Results) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in &results.rows {
        writer.serialize(CsvLine::new(results, row))?;
    }
    let bytes = writer.into_inner().context("CSV in memory")?;
    Ok(String::from_utf8(bytes)?)
}

impl<'a> CsvLine<'a> {
    fn new(results: &'a Results, row: &'a Row) -> Self {
        let Results { environment, setup, .. } = results;
        let latency = row.latency.as_ref();
        let time_at = |quantile| latency.and_then(|latency: &Latency| latency.time_at(quantile));
        let (amount, amount_of_run) = match setup.amount {
            Amount::Time(time) => ("seconds", Some(time.as_secs_f64())),
            Amount::Bytes(bytes) => ("bytes", Some(bytes as f64)),
            Amount::Messages(count) => ("messages", Some(count as f64)),
            Amount::UntilClientsEnd => ("until-clients-end", None),
        };
        Self {
            workload: row.case.workload.word(),
            over: row.case.over.word(),
            api: row.case.api.word(),
            size_bytes: row.case.size,
            clients: row.case.clients,
            both_ways: row.case.both_ways,
            rate_per_second: row.case.rate,
            bytes_per_second_median: row.bytes_per_second.median,
            bytes_per_second_min: row.bytes_per_second.min,
            bytes_per_second_max: row.bytes_per_second.max,
            messages_per_second_median: row.messages_per_second.median,
            messages_per_second_min: row.messages_per_second.min,
            messages_per_second_max: row.messages_per_second.max,
            times: latency.map(|latency| latency.count),
            min_nanoseconds: latency.map(|latency| latency.min),
            mean_nanoseconds: latency.map(|latency| latency.mean),
            p50_nanoseconds: time_at(0.5),
            p90_nanoseconds: time_at(0.9),
            p99_nanoseconds: time_at(0.99),
            p99_9_nanoseconds: time_at(0.999),
            p99_99_nanoseconds: time_at(0.9999),
            max_nanoseconds: latency.map(|latency| latency.max),
            cpu_seconds_per_gb: row.cpu_seconds_per_gb,
            cpu_microseconds_per_message: row.cpu_microseconds_per_message,
            switches_per_message: row.switches_per_message,
            fairness: row.fairness,
            spread: row.spread,
            ratio: row.ratio,
            runs: row.runs.len(),
            amount,
            amount_of_run,
            warmup_seconds: setup.warmup.as_secs_f64(),
            server: setup.server.word(),
            server_name: setup.server.name(),
            pin: setup.pin.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            lsock: &environment.lsock,
            time: &environment.time,
            system: &environment.system,
            kernel: environment.kernel.as_deref(),
            machine: &environment.machine,
            cpu: environment.cpu.as_deref(),
            cpus: environment.cpus,
            governor: environment.governor.as_deref(),
            options: super::environment::command_line(&environment.options),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::bench::fixture::{assert_golden, everything};

    #[test]
    fn csv_looks_as_in_the_golden_text() {
        assert_golden("everything.csv", &csv(&everything()).unwrap());
    }

    #[test]
    fn every_line_has_all_fields() {
        let mut results = everything();
        results.environment.cpu = Some("one, \"two\"\nthree".to_owned());
        let text = csv(&results).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let column = reader.headers().unwrap().iter().position(|name| name == "cpu").unwrap();
        let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(lines.len(), results.rows.len());
        assert!(lines.iter().all(|line| line[column] == *"one, \"two\"\nthree"));
    }
}
