//! Figures as a table in Markdown.

use super::{row::Row, summary::Better};
use std::fmt::{self, Display, Formatter};

/// A figure of every row.
#[derive(Debug)]
pub(super) struct Column {
    head: &'static str,
    /// Number of decimals.
    pub(super) digits: usize,
    has_ratio: bool,
    /// Number of decimals of a ratio.
    pub(super) ratio_digits: usize,
    /// The name of the work in the summary, if the column belongs there.
    pub(super) summary: Option<(String, Better)>,
}

impl Column {
    pub(super) fn new(head: &'static str, digits: usize) -> Self {
        Self { head, digits, has_ratio: true, ratio_digits: 2, summary: None }
    }

    /// Creates a column whose ratios have three decimals.
    pub(super) fn precise(head: &'static str, digits: usize) -> Self {
        Self { ratio_digits: 3, ..Self::new(head, digits) }
    }

    /// Creates a column without ratios.
    pub(super) fn without_ratio(head: &'static str, digits: usize) -> Self {
        Self { has_ratio: false, ..Self::new(head, digits) }
    }

    /// Adds the column to the summary.
    pub(super) fn summary(self, work: impl Into<String>, better: Better) -> Self {
        Self { summary: Some((work.into(), better)), ..self }
    }
}

#[derive(Debug)]
pub(super) struct Table {
    title: String,
    note: String,
    /// The row that ratios refer to.
    pub(super) base: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    left_out: Vec<&'static str>,
}

impl Table {
    pub(super) fn new(title: &str, note: String, base: &'static str, columns: Vec<Column>) -> Self {
        let title = title.to_owned();
        Self { title, note, base, columns, rows: Vec::new(), left_out: Vec::new() }
    }

    /// Lists a program as not installed.
    pub(super) fn leave_out(&mut self, name: &'static str) {
        self.left_out.push(name);
    }

    fn cells(&self, row: &Row, base: Option<&Row>) -> Vec<String> {
        let mut cells = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let figures = row.figures(index);
            cells.push(median(&figures).map_or("–".to_owned(), |it| figure(it, column.digits)));
            if !column.has_ratio {
                continue;
            }
            let ratios = base.map_or_else(Vec::new, |base| row.ratios(base, index));
            cells.push(ratio(&ratios, column.ratio_digits));
        }
        cells
    }
}

/// Formats a figure with commas between thousands.
pub(super) fn figure(figure: f64, digits: usize) -> String {
    let text = format!("{figure:.digits$}");
    let end = text.find('.').unwrap_or(text.len());
    let mut grouped = String::new();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && index < end && (end - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats the median and the range of ratios.
pub(super) fn ratio(ratios: &[f64], digits: usize) -> String {
    let Some(middle) = median(ratios) else { return "–".to_owned() };
    let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let high = ratios.iter().copied().fold(0.0, f64::max);
    if low == high {
        return format!("{middle:.digits$}");
    }
    format!("{middle:.digits$} ({low:.digits$} to {high:.digits$})")
}

pub(super) fn median(figures: &[f64]) -> Option<f64> {
    let mut figures = figures.to_vec();
    figures.retain(|figure| figure.is_finite());
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    Some(if figures.len().is_multiple_of(2) { (figures[middle - 1] + upper) / 2.0 } else { upper })
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n\n{}\n", self.title, self.note)?;
        write!(f, "| through |")?;
        for column in &self.columns {
            write!(f, " {} |", column.head)?;
            if column.has_ratio {
                write!(f, " of {} |", self.base)?;
            }
        }
        let width: usize = self.columns.iter().map(|it| 1 + usize::from(it.has_ratio)).sum();
        writeln!(f, "\n|---|{}", "---|".repeat(width))?;
        let base = self.rows.iter().find(|row| row.name == self.base);
        let base = base.filter(|row| row.failure.is_none());
        for row in &self.rows {
            let cells = match &row.failure {
                None => self.cells(row, base),
                Some(why) => {
                    let mut cells = vec![String::new(); width];
                    cells[0] = format!("failed: {}", why.replace('|', "\\|").replace('\n', " "));
                    cells
                }
            };
            writeln!(f, "| {} | {} |", row.name, cells.join(" | "))?;
        }
        for name in &self.left_out {
            writeln!(f, "\nLeft out, since it is not installed: {name}.")?;
        }
        Ok(())
    }
}
