//! The cells of all tables, independent of the output format.

use super::number::{self, TimeUnit};
use crate::{
    bench::{
        Case, Results, Workload,
        property::CaseProperty,
        results::{Latency, Metric, Row},
        warning::MAX_SPREAD,
    },
    text_table::{Column, Emphasis},
};

/// The rows of one workload.
#[derive(Debug)]
pub(super) struct Section {
    /// The workload, and what all rows have in common.
    pub(super) heading: String,
    pub(super) columns: Vec<Column>,
    /// Figure of each row as a fraction of the greatest one.
    pub(super) bars: Vec<f64>,
    /// Title of the bars.
    pub(super) bar: &'static str,
    /// Whether a shorter bar is faster.
    pub(super) less_is_faster: bool,
}

/// Ratios that differ from 1 by more than this are coloured.
const MIN_RATIO_DIFFERENCE: f64 = 0.1;

/// Explains the columns that these results have.
pub(super) fn notes(results: &Results) -> Vec<&'static str> {
    let any = |has_value: fn(&Row) -> bool| results.rows.iter().any(has_value);
    let notes = [
        (
            any(is_compared),
            "ratio: to the first row with the same size and clients; more is faster",
        ),
        (any(|row| row.spread.is_some()), "spread: (max - min) / median of the runs"),
        (any(|row| row.latency.is_some()), "p50 ... max: times of all runs together"),
        (
            any(|row| row.cpu_microseconds_per_message.is_some()),
            "CPU: time of both sides together per GB or message",
        ),
        (
            any(|row| row.switches_per_message.is_some()),
            "switches: context switches of both sides per message",
        ),
        (
            any(|row| row.fairness.is_some()),
            "fairness: work of the slowest client divided by that of the fastest one",
        ),
    ];
    notes.into_iter().filter_map(|(is_needed, note)| is_needed.then_some(note)).collect()
}

/// Returns whether a ratio to another row can be shown.
fn is_compared(row: &Row) -> bool {
    row.ratio != Some(1.0)
}

/// Returns one section for each workload that was measured.
pub(super) fn sections(results: &Results) -> Vec<Section> {
    results.by_workload().map(|(workload, rows)| section(workload, &rows)).collect()
}

fn section(workload: Workload, rows: &[&Row]) -> Section {
    let mut table = Table { rows, heading: Vec::new(), columns: Vec::new() };
    table.cases();
    match workload {
        Workload::Throughput => {
            table.gigabytes();
            table.numbers("messages/s", |row| Some(row.messages_per_second.median));
            table.numbers("CPU s/GB", |row| row.cpu_seconds_per_gb);
        }
        Workload::Latency => {
            if rows.iter().any(|row| row.case.rate.is_some()) {
                table.numbers("messages/s", |row| Some(row.messages_per_second.median));
            }
            table.times(&[0.5, 0.9, 0.99, 0.999, 0.9999]);
            table.numbers("CPU µs", |row| row.cpu_microseconds_per_message);
        }
        Workload::Connect => {
            table.numbers("connections/s", |row| Some(row.messages_per_second.median));
            table.times(&[0.5, 0.9, 0.99, 0.999]);
            table.numbers("CPU µs", |row| row.cpu_microseconds_per_message);
        }
        Workload::FanIn => {
            table.numbers("messages/s", |row| Some(row.messages_per_second.median));
            table.gigabytes();
            table.fixed("fairness", 2, |row| row.fairness);
            table.numbers("CPU µs", |row| row.cpu_microseconds_per_message);
        }
    }
    if rows.iter().any(|row| row.switches_per_message.is_some()) {
        table.fixed("switches", 2, |row| row.switches_per_message);
    }
    table.percent("spread", |row| row.spread);
    table.emphasize(|row| match row.spread {
        Some(spread) if spread > MAX_SPREAD => Emphasis::Doubtful,
        _ => Emphasis::Plain,
    });
    if rows.iter().any(|row| is_compared(row)) {
        table.fixed("ratio", 2, |row| row.ratio);
        table.emphasize(|row| match row.ratio {
            Some(ratio) if ratio > 1.0 + MIN_RATIO_DIFFERENCE => Emphasis::Good,
            Some(ratio) if ratio < 1.0 - MIN_RATIO_DIFFERENCE => Emphasis::Bad,
            _ => Emphasis::Plain,
        });
    }
    let heading = if table.heading.is_empty() {
        workload.to_string()
    } else {
        format!("{workload}: {}", table.heading.join(", "))
    };
    let bar = match workload.metric() {
        Metric::BytesPerSecond => "GB/s",
        Metric::MessagesPerSecond if workload == Workload::Connect => "conn/s",
        Metric::MessagesPerSecond => "messages/s",
        Metric::MedianTime => "p50",
    };
    let less_is_faster = workload.metric() == Metric::MedianTime;
    Section { heading, columns: table.columns, bars: bars(rows), bar, less_is_faster }
}

/// A table under construction. Values that all cases share go to the heading.
struct Table<'a> {
    rows: &'a [&'a Row],
    heading: Vec<String>,
    columns: Vec<Column>,
}

impl Table<'_> {
    /// Adds the columns that distinguish the cases.
    fn cases(&mut self) {
        use CaseProperty::{Api, BothWays, Clients, Rate, Size};
        let rows = self.rows;
        let texts =
            |text: &dyn Fn(&Case) -> String| rows.iter().map(|row| text(&row.case)).collect();
        self.push("over", true, texts(&|case| case.over.to_string()));
        for property in [Api, Size, Clients, BothWays, Rate] {
            if property.is_common(rows) {
                let first = &rows[0].case;
                let heading = property.heading(first).filter(|_| !property.is_default(first));
                self.heading.extend(heading);
            } else {
                let is_text = matches!(property, Api | BothWays);
                self.push(property.title(), is_text, texts(&|case| property.cell(case)));
            }
        }
    }

    fn gigabytes(&mut self) {
        self.fixed("GB/s", 3, |row| Some(row.bytes_per_second.median / 1e9));
    }

    /// Adds columns of quantiles and the maximum, all in one unit of time.
    fn times(&mut self, quantiles: &[f64]) {
        let medians = self.rows.iter().filter_map(|row| {
            row.latency.as_ref().map(|latency| latency.time_at(0.5).unwrap_or(latency.min))
        });
        let Some(fastest) = medians.min() else { return };
        let unit = TimeUnit::of(fastest);
        self.heading.push(format!("times in {}", unit.word()));
        let mut column = |title: &str, time: &dyn Fn(&Latency) -> Option<u64>| {
            self.numbers(title, |row| Some(unit.convert(time(row.latency.as_ref()?)? as f64)));
        };
        for quantile in quantiles {
            let title = format!("p{}", (quantile * 1e4).round() / 1e2);
            column(&title, &|latency| latency.time_at(*quantile));
        }
        column("max", &|latency| Some(latency.max));
    }

    /// Adds a column of numbers, unless all are unknown.
    fn numbers(&mut self, title: &str, value: impl Fn(&Row) -> Option<f64>) {
        let values: Vec<Option<f64>> = self.rows.iter().map(|row| value(row)).collect();
        if values.iter().all(Option::is_none) {
            return;
        }
        self.push(title, false, number::column(&values));
    }

    fn fixed(&mut self, title: &str, decimals: usize, value: impl Fn(&Row) -> Option<f64>) {
        let values: Vec<Option<f64>> = self.rows.iter().map(|row| value(row)).collect();
        self.push(title, false, number::fixed(&values, decimals));
    }

    fn percent(&mut self, title: &str, part: impl Fn(&Row) -> Option<f64>) {
        let text = |part: f64| format!("{:.1}%", part * 100.0);
        let texts = self.rows.iter().map(|row| part(row).map_or_else(|| "-".to_owned(), text));
        self.push(title, false, texts.collect());
    }

    fn push(&mut self, title: &str, is_text: bool, texts: Vec<String>) {
        let cells = texts.into_iter().map(|text| (text, Emphasis::Plain));
        self.columns.push(Column::new(title, is_text, cells));
    }

    /// Highlights cells of the last column.
    fn emphasize(&mut self, emphasis: impl Fn(&Row) -> Emphasis) {
        let Some(column) = self.columns.last_mut() else { return };
        for (cell, row) in column.cells.iter_mut().zip(self.rows) {
            cell.emphasis = emphasis(row);
        }
    }
}

fn bars(rows: &[&Row]) -> Vec<f64> {
    let figures = rows.iter().map(|row| row.figure().map_or(0.0, |figure| figure.median));
    let figures: Vec<f64> = figures.collect();
    let greatest = figures.iter().copied().fold(0.0, f64::max);
    figures.iter().map(|figure| if greatest > 0.0 { figure / greatest } else { 0.0 }).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
