//! Compares new results with saved ones.

use super::{
    Case, Results, Workload,
    report::{
        environment::pins,
        number::{self, TimeUnit},
    },
    results::{Metric, Row},
    statistics::Figure,
};
use crate::{
    diag::escaped,
    text_table::{Column, Emphasis, lines},
};

/// New results compared with old ones.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Changes of the cases that both results contain.
    pub(crate) changes: Vec<Change>,
    /// Cases that only the old results contain.
    pub(crate) gone: Vec<Case>,
    /// Cases that only the new results contain.
    pub(crate) added: Vec<Case>,
    /// Differences between the environments and options of the two measurements.
    pub(crate) differences: Vec<String>,
}

/// The change of a case's figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) case: Case,
    pub(crate) before: Figure,
    pub(crate) after: Figure,
    /// Change of the median in percent of the old median.
    pub(crate) percent: f64,
    pub(crate) verdict: Verdict,
}

/// Meaning of a change.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Faster, by more than the noise.
    Faster,
    /// Slower, by more than the noise.
    Slower,
    /// Within the noise.
    Same,
    /// One of the two was measured only once, so the noise is unknown.
    Unclear,
}

/// Smaller changes, in percent, count as no change.
const MIN_PERCENT: f64 = 1.0;

impl Comparison {
    /// Matches rows whose cases are equal. Returns `None` if the results have no case in common.
    pub(crate) fn new(old: &Results, new: &Results) -> Option<Self> {
        let find = |results: &Results, case: &Case| -> Option<(Figure, usize)> {
            let row = results.rows.iter().find(|row| row.case == *case)?;
            row.figure().map(|figure| (figure, row.runs.len()))
        };
        let without = |rows: &[Row], other: &Results| {
            let cases = rows.iter().map(|row| row.case.clone());
            cases.filter(|case| find(other, case).is_none()).collect()
        };
        let both = new.rows.iter().filter_map(|row| {
            Some(Change::new(&row.case, find(old, &row.case)?, find(new, &row.case)?))
        });
        let changes: Vec<Change> = both.collect();
        let comparison = Self {
            gone: without(&old.rows, new),
            added: without(&new.rows, old),
            differences: differences(old, new),
            changes,
        };
        (!comparison.changes.is_empty()).then_some(comparison)
    }

    /// Returns the changes that are slower, beyond noise and by more than `percent` of the old
    /// figure.
    pub(crate) fn slower_by_more_than(&self, percent: f64) -> Vec<&Change> {
        let is_slower =
            |change: &&Change| change.verdict == Verdict::Slower && change.percent.abs() > percent;
        self.changes.iter().filter(is_slower).collect()
    }

    /// Formats the comparison as a table for a terminal.
    pub(crate) fn text(&self, color: bool) -> String {
        let column = |title, is_text, text: fn(&Change) -> String| {
            let cells = self.changes.iter().map(|change| (text(change), Emphasis::Plain));
            Column::new(title, is_text, cells)
        };
        let verdicts = self.changes.iter().map(|change| change.verdict.cell());
        let columns = [
            column("case", true, |change| change.case.to_string()),
            column("before", false, |change| change.figures()[0].clone()),
            column("after", false, |change| change.figures()[1].clone()),
            column("change", false, |change| format!("{:+.1}%", change.percent)),
            Column::new("", true, verdicts),
        ];
        let columns = columns.each_ref();
        let mut text: String =
            lines(&columns, color, None).map(|line| format!("{line}\n")).collect();
        for (heading, cases) in [("only before", &self.gone), ("only now", &self.added)] {
            text.extend(cases.iter().map(|case| format!("{heading}: {case}\n")));
        }
        let differences = self.differences.iter().map(|difference| escaped(difference));
        text.extend(differences.map(|difference| format!("different: {difference}\n")));
        text
    }
}

impl Change {
    /// Compares two figures; each comes with its number of runs.
    fn new(case: &Case, before: (Figure, usize), after: (Figure, usize)) -> Self {
        let ((before, runs_before), (after, runs_after)) = (before, after);
        let percent = if before.median == after.median {
            0.0
        } else {
            (after.median - before.median) / before.median * 100.0
        };
        let overlap = before.min <= after.max && after.min <= before.max;
        let spread = before.spread().max(after.spread()) * 100.0;
        let more_is_faster = case.workload.metric() != Metric::MedianTime;
        let verdict = if runs_before < 2 || runs_after < 2 {
            Verdict::Unclear
        } else if overlap || percent.abs() <= spread || percent.abs() <= MIN_PERCENT {
            Verdict::Same
        } else if (percent > 0.0) == more_is_faster {
            Verdict::Faster
        } else {
            Verdict::Slower
        };
        Self { case: case.clone(), before, after, percent, verdict }
    }

    /// Formats the figures before and after, with their unit.
    fn figures(&self) -> [String; 2] {
        let medians = [self.before.median, self.after.median];
        let (medians, unit) = match self.case.workload.metric() {
            Metric::BytesPerSecond => (medians.map(|bytes| bytes / 1e9), "GB/s"),
            Metric::MessagesPerSecond if self.case.workload == Workload::Connect => {
                (medians, "connections/s")
            }
            Metric::MessagesPerSecond => (medians, "messages/s"),
            Metric::MedianTime => {
                let unit = TimeUnit::of(medians[0].min(medians[1]) as u64);
                (medians.map(|time| unit.convert(time)), unit.word())
            }
        };
        let texts = number::column(&medians.map(Some));
        [0, 1].map(|index: usize| format!("{} {unit}", texts[index]))
    }
}

impl Verdict {
    fn cell(self) -> (String, Emphasis) {
        let (text, emphasis) = match self {
            Self::Faster => ("faster", Emphasis::Good),
            Self::Slower => ("slower", Emphasis::Bad),
            Self::Same => ("within noise", Emphasis::Plain),
            Self::Unclear => ("unclear: measured once", Emphasis::Doubtful),
        };
        (text.to_owned(), emphasis)
    }
}

/// Lists what, apart from the program, may be the reason for different figures.
fn differences(old: &Results, new: &Results) -> Vec<String> {
    fn or_unknown(text: Option<&String>) -> String {
        text.map_or_else(|| "unknown".to_owned(), Clone::clone)
    }
    type Value = fn(&Results) -> String;
    let values: [(&str, Value); 12] = [
        ("lsock", |results| results.environment.lsock.clone()),
        ("system", |results| results.environment.system.clone()),
        ("kernel", |results| or_unknown(results.environment.kernel.as_ref())),
        ("machine", |results| results.environment.machine.clone()),
        ("CPU", |results| or_unknown(results.environment.cpu.as_ref())),
        ("number of CPUs", |results| results.environment.cpus.to_string()),
        ("governor", |results| or_unknown(results.environment.governor.as_ref())),
        ("server", |results| results.setup.server.kind.to_string()),
        ("name of the server", |results| or_unknown(results.setup.server.name.as_ref())),
        ("pins", |results| pins(&results.setup.pin)),
        ("amount of a run", |results| results.setup.amount.to_string()),
        ("warm-up", |results| humantime::format_duration(results.setup.warmup).to_string()),
    ];
    let difference = |(what, value): (&str, Value)| {
        let (old, new) = (value(old), value(new));
        (old != new).then(|| format!("{what} ({old} before, {new} now)"))
    };
    values.into_iter().filter_map(difference).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
