//! Tables of aligned text.

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) title: String,
    /// Text is aligned to the left, numbers to the right.
    pub(crate) is_text: bool,
    pub(crate) cells: Vec<Cell>,
}

#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) emphasis: Emphasis,
}

/// How a cell is highlighted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Emphasis {
    Plain,
    Good,
    Bad,
    Doubtful,
}

/// Spaces between two columns.
const GAP: usize = 2;

/// The least width that the first column is narrowed to.
const MIN_FIRST: usize = 16;

impl Column {
    pub(crate) fn new(
        title: &str,
        is_text: bool,
        cells: impl IntoIterator<Item = (String, Emphasis)>,
    ) -> Self {
        let cells = cells.into_iter().map(|(text, emphasis)| Cell { text, emphasis });
        Self { title: title.to_owned(), is_text, cells: cells.collect() }
    }

    /// Returns a column of cells that are not highlighted.
    pub(crate) fn plain(
        title: &str,
        is_text: bool,
        cells: impl IntoIterator<Item = String>,
    ) -> Self {
        Self::new(title, is_text, cells.into_iter().map(|text| (text, Emphasis::Plain)))
    }

    fn width(&self) -> usize {
        let texts = self.cells.iter().map(|cell| &cell.text).chain([&self.title]);
        texts.map(|text| length(text)).max().unwrap_or_default()
    }
}

/// Formats columns as lines without trailing spaces, the titles first.
///
/// If the lines are longer than the limit, the first column becomes narrower. A text that is too
/// long for it gets a line of its own before the rest of its row, so that nothing is cut off.
pub(crate) fn lines(
    columns: &[&Column],
    color: bool,
    limit: Option<usize>,
) -> impl Iterator<Item = String> {
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let mut widths: Vec<usize> = columns.iter().map(|column| column.width()).collect();
    if let (Some(limit), [first, rest @ ..]) = (limit, &mut widths[..]) {
        let others: usize = rest.iter().map(|width| width + GAP).sum();
        *first = (*first).min(limit.saturating_sub(others).max(MIN_FIRST));
    }
    let cell = move |number: usize, row: Option<usize>| {
        let column = columns[number];
        let (text, emphasis) = match row.map(|row| &column.cells[row]) {
            Some(cell) => (&cell.text, cell.emphasis),
            None => (&column.title, Emphasis::Plain),
        };
        let line_break = if length(text) > widths[number] {
            format!("\n{}", " ".repeat(widths[number]))
        } else {
            String::new()
        };
        let padding = " ".repeat(widths[number].saturating_sub(length(text)));
        let text = painted(text, code(emphasis), color);
        if column.is_text { text + &line_break + &padding } else { padding + &text }
    };
    let line = move |row| {
        let cells: Vec<String> = (0..columns.len()).map(|number| cell(number, row)).collect();
        cells.join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    [None].into_iter().chain((0..rows).map(Some)).map(line)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn code(emphasis: Emphasis) -> &'static str {
    match emphasis {
        Emphasis::Plain => "",
        Emphasis::Good => "32",
        Emphasis::Bad => "31",
        Emphasis::Doubtful => "33",
    }
}

/// Wraps a text in an escape sequence (SGR) if `color` is set.
pub(crate) fn painted(text: &str, code: &str, color: bool) -> String {
    if color && !code.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(limit: Option<usize>) -> Vec<String> {
        let names = ["/run/a", "/run/a/long/name/of/a/socket.sock"].map(str::to_owned);
        let numbers = ["7", "1234"].map(|number| (number.to_owned(), Emphasis::Bad));
        let columns = [Column::plain("NAME", true, names), Column::new("PID", false, numbers)];
        lines(&columns.each_ref(), false, limit).collect()
    }

    #[test]
    fn lines_that_fit_are_aligned() {
        let wide = [
            "NAME                                PID",
            "/run/a                                7",
            "/run/a/long/name/of/a/socket.sock  1234",
        ];
        assert_eq!(table(None), wide);
        assert_eq!(table(Some(39)), wide);
    }

    #[test]
    fn a_long_text_gets_a_line_of_its_own() {
        let expected = [
            "NAME                  PID",
            "/run/a                  7",
            "/run/a/long/name/of/a/socket.sock\n                     1234",
        ];
        assert_eq!(table(Some(25)), expected);
        assert_eq!(table(Some(1))[1], "/run/a               7");
    }
}
