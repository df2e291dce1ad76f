//! Aligned text for a terminal.

use super::{
    columns::{Section, notes, sections},
    environment,
};
use crate::{
    bench::Results,
    text_table::{Column, Emphasis, lines, painted},
};

/// Whether tables have colours and bars.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableStyle {
    pub(crate) color: bool,
    pub(crate) bars: bool,
}

/// Length of the longest bar in characters.
const BAR: usize = 10;

/// Formats the results as text.
pub(crate) fn table(results: &Results, style: TableStyle) -> String {
    let mut text = format!("{}\n", environment::command(&results.environment));
    text += &environment::machine(&results.environment);
    text += &format!("\n{}\n", environment::setup(&results.setup));
    for section in sections(results) {
        text.push('\n');
        text += &of_section(&section, style);
    }
    let notes = notes(results);
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        text += &format!("{note}\n");
    }
    text
}

fn of_section(section: &Section, style: TableStyle) -> String {
    let mut text = painted(&section.heading, "1", style.color);
    if style.bars && section.less_is_faster {
        text += &format!(" (a shorter bar is a faster {})", section.bar);
    }
    let cells = section.bars.iter().map(|part| (bar_of(*part), Emphasis::Plain));
    let bars = style.bars.then(|| Column::new(section.bar, true, cells));
    let columns: Vec<&Column> = section.columns.iter().chain(&bars).collect();
    for line in lines(&columns, style.color, None) {
        text += &format!("\n  {line}");
    }
    text + "\n"
}

/// Formats a bar of full blocks and a last block in eighths. A positive value has at least one
/// eighth.
fn bar_of(part: f64) -> String {
    const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    if part.is_nan() || part <= 0.0 {
        return String::new();
    }
    let eighths = ((part * (BAR * 8) as f64).round() as usize).clamp(1, BAR * 8);
    let mut bar = "█".repeat(eighths / 8);
    if let Some(last) = (eighths % 8).checked_sub(1) {
        bar.push(EIGHTHS[last]);
    }
    bar
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::bench::fixture::{assert_golden, everything, tour};

    const PLAIN: TableStyle = TableStyle { color: false, bars: false };

    #[test]
    fn tables_look_as_in_the_golden_texts() {
        assert_golden("tour.txt", &table(&tour(), PLAIN));
        assert_golden("tour-bars.txt", &table(&tour(), TableStyle { bars: true, ..PLAIN }));
        assert_golden("tour-color.txt", &table(&tour(), TableStyle { color: true, ..PLAIN }));
        assert_golden("everything.txt", &table(&everything(), PLAIN));
    }

    #[test]
    fn the_tour_fits_a_terminal_of_a_hundred_columns() {
        let text = table(&tour(), TableStyle { color: false, bars: true });
        // The first two lines depend on the machine.
        let widest = text.lines().skip(2).map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 100, "{widest} columns:\n{text}");
    }

    #[test]
    fn colours_change_nothing_else() {
        let mut text = table(&tour(), TableStyle { color: true, bars: true });
        for code in ["0", "1", "31", "32", "33"] {
            text = text.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(text, table(&tour(), TableStyle { color: false, bars: true }));
    }

    #[test]
    fn without_rows_only_the_environment_is_printed() {
        let mut results = everything();
        results.rows.clear();
        assert_eq!(table(&results, PLAIN).lines().count(), 3);
    }

    #[test]
    fn bars_are_in_proportion() {
        assert_eq!(bar_of(0.0), "");
        assert_eq!(bar_of(f64::NAN), "");
        assert_eq!(bar_of(1e-9), "▏");
        assert_eq!(bar_of(0.5), "█".repeat(BAR / 2));
        assert_eq!(bar_of(1.5 / BAR as f64), "█▌");
        assert_eq!(bar_of(1.0), "█".repeat(BAR));
    }
}
