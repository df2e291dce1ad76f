//! Tables of tbl(1).

use super::block::{Span, Text};

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Alignment {
    Left,
    Right,
}

/// A row: its cells with their alignments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CellRow(Vec<(Alignment, Text)>);

/// Columns between two cells.
const GAP: usize = 3;

/// Reads a format of one line, such as `l r r.`
pub(super) fn alignments(format: &str) -> Result<Vec<Alignment>, String> {
    let keys = format.strip_suffix('.').ok_or_else(|| format!("the format `{format}`"))?;
    let alignment = |key: &str| match key {
        "l" => Ok(Alignment::Left),
        "r" => Ok(Alignment::Right),
        _ => Err(format!("the format `{format}`")),
    };
    keys.split(' ').map(alignment).collect()
}

impl CellRow {
    /// # Errors
    /// There are more cells than alignments.
    pub(super) fn new(alignments: &[Alignment], cells: Vec<Text>) -> Result<Self, String> {
        if cells.len() > alignments.len() {
            return Err(format!("{} cells for {} columns", cells.len(), alignments.len()));
        }
        Ok(Self(alignments.iter().copied().zip(cells).collect()))
    }
}

/// Returns the lines of a table, without spaces at their ends.
pub(super) fn lines(rows: &[CellRow]) -> Vec<Text> {
    let mut widths: Vec<usize> = Vec::new();
    for CellRow(cells) in rows {
        widths.resize(widths.len().max(cells.len()), 0);
        for (width, (_, cell)) in widths.iter_mut().zip(cells) {
            *width = (*width).max(self::width(cell));
        }
    }
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(CellRow(cells): &CellRow, widths: &[usize]) -> Text {
    let mut line = Text::new();
    // Spaces that are owed before the next text.
    let mut spaces = 0;
    for ((alignment, cell), width) in cells.iter().zip(widths) {
        let free = width - self::width(cell);
        if *alignment == Alignment::Right {
            spaces += free;
        }
        if !cell.is_empty() {
            line.push(Span::plain(" ".repeat(spaces)));
            line.extend(cell.iter().cloned());
            spaces = 0;
        } else if *alignment == Alignment::Left {
            spaces += width - free;
        }
        if *alignment == Alignment::Left {
            spaces += free;
        }
        spaces += GAP;
    }
    line
}

/// Returns the number of columns of a text.
pub(super) fn width(text: &Text) -> usize {
    text.iter().map(|span| span.text.chars().count()).sum()
}
