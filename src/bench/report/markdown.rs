//! Tables in Markdown, for a README or an issue.

use super::{
    columns::{Section, notes, sections},
    environment,
};
use crate::bench::Results;

/// Formats the results as Markdown.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = format!("{}\n\n", code(&environment::command(&results.environment)));
    text += &format!("- {}\n", plain(&environment::machine(&results.environment)));
    text += &format!("- {}\n", plain(&environment::setup(&results.setup)));
    text += &format!("- measured at {}\n", plain(&results.environment.time));
    for section in sections(results) {
        text += &of_section(&section);
    }
    let notes = notes(results);
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        text += &format!("- {}\n", plain(note));
    }
    if !results.warnings.is_empty() {
        text += "\n**Warnings**\n\n";
    }
    for warning in &results.warnings {
        text += &format!("- {}; {}\n", plain(&warning.to_string()), plain(warning.advice()));
    }
    text
}

fn of_section(section: &Section) -> String {
    let mut text = format!("\n**{}**\n\n", plain(&section.heading));
    let row = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    text += &row(&mut section.columns.iter().map(|column| plain(&column.title)));
    let sides = section.columns.iter().map(|column| if column.is_text { ":--" } else { "--:" });
    text += &row(&mut sides.map(str::to_owned));
    for index in 0..section.bars.len() {
        text += &row(&mut section.columns.iter().map(|column| plain(&column.cells[index].text)));
    }
    text
}

/// Escapes the characters that Markdown interprets, except backticks.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Formats a text as code, with a fence that is longer than its runs of backticks.
fn code(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    if fence.len() == 1 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fixture::{assert_golden, everything, tour};

    #[test]
    fn markdown_looks_as_in_the_golden_texts() {
        assert_golden("tour.md", &markdown(&tour()));
        assert_golden("everything.md", &markdown(&everything()));
    }

    #[test]
    fn markdown_in_names_is_escaped() {
        assert_eq!(plain("a*b_c|d <e> [64-bit]"), r"a\*b\_c\|d \<e\> \[64-bit\]");
        assert_eq!(code("a b"), "`a b`");
        assert_eq!(code("a ``b` c"), "``` a ``b` c ```");
    }
}
