//! CSV with one line per row, for spreadsheets and data frames.

use crate::bench::{
    Amount, Results,
    results::{Latency, Row},
};
use anyhow::Context as _;
use serde_json::{Value, json};

/// Formats the results as CSV with a header line.
///
/// # Errors
/// None is known: the text is written to memory.
pub(crate) fn csv(results: &Results) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (index, row) in results.rows.iter().enumerate() {
        let (names, values): (Vec<&str>, Vec<Value>) = columns(results, row).into_iter().unzip();
        if index == 0 {
            writer.write_record(names)?;
        }
        writer.serialize(values)?;
    }
    let bytes = writer.into_inner().context("CSV in memory")?;
    Ok(String::from_utf8(bytes)?)
}

/// Returns the columns in order. Values that all lines share come last.
fn columns(results: &Results, row: &Row) -> Vec<(&'static str, Value)> {
    let Results { environment, setup, .. } = results;
    let latency = row.latency.as_ref();
    let time_at = |quantile| latency.and_then(|latency: &Latency| latency.time_at(quantile));
    let (amount, amount_of_run) = match setup.amount {
        Amount::Time(time) => ("seconds", Some(time.as_secs_f64())),
        Amount::Bytes(bytes) => ("bytes", Some(bytes as f64)),
        Amount::Messages(count) => ("messages", Some(count as f64)),
        Amount::UntilClientsEnd => ("until-clients-end", None),
    };
    let pin: Vec<String> = setup.pin.iter().map(ToString::to_string).collect();
    vec![
        ("workload", json!(row.case.workload)),
        ("over", json!(row.case.over)),
        ("api", json!(row.case.api)),
        ("size_bytes", json!(row.case.size)),
        ("clients", json!(row.case.clients)),
        ("both_ways", json!(row.case.both_ways)),
        ("rate_per_second", json!(row.case.rate)),
        ("bytes_per_second_median", json!(row.bytes_per_second.median)),
        ("bytes_per_second_min", json!(row.bytes_per_second.min)),
        ("bytes_per_second_max", json!(row.bytes_per_second.max)),
        ("messages_per_second_median", json!(row.messages_per_second.median)),
        ("messages_per_second_min", json!(row.messages_per_second.min)),
        ("messages_per_second_max", json!(row.messages_per_second.max)),
        ("times", json!(latency.map(|latency| latency.count))),
        ("min_nanoseconds", json!(latency.map(|latency| latency.min))),
        ("mean_nanoseconds", json!(latency.map(|latency| latency.mean))),
        ("p50_nanoseconds", json!(time_at(0.5))),
        ("p90_nanoseconds", json!(time_at(0.9))),
        ("p99_nanoseconds", json!(time_at(0.99))),
        ("p99_9_nanoseconds", json!(time_at(0.999))),
        ("p99_99_nanoseconds", json!(time_at(0.9999))),
        ("max_nanoseconds", json!(latency.map(|latency| latency.max))),
        ("cpu_seconds_per_gb", json!(row.cpu_seconds_per_gb)),
        ("cpu_microseconds_per_message", json!(row.cpu_microseconds_per_message)),
        ("switches_per_message", json!(row.switches_per_message)),
        ("fairness", json!(row.fairness)),
        ("spread", json!(row.spread)),
        ("ratio", json!(row.ratio)),
        ("runs", json!(row.runs.len())),
        ("amount", json!(amount)),
        ("amount_of_run", json!(amount_of_run)),
        ("warmup_seconds", json!(setup.warmup.as_secs_f64())),
        ("server", json!(setup.server.kind)),
        ("server_name", json!(setup.server.name)),
        ("pin", json!(pin.join(" "))),
        ("lsock", json!(environment.lsock)),
        ("time", json!(environment.time)),
        ("system", json!(environment.system)),
        ("kernel", json!(environment.kernel)),
        ("machine", json!(environment.machine)),
        ("cpu", json!(environment.cpu)),
        ("cpus", json!(environment.cpus)),
        ("governor", json!(environment.governor)),
        ("options", json!(super::environment::command_line(&environment.options))),
    ]
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
