//! Fills the lines of a page.

use super::{
    block::{Block, Content, Font, NO_BREAK, Span, Text},
    table,
};

/// Returns the blocks as text.
pub(super) fn text(blocks: &[Block], width: usize, colors: bool) -> String {
    let mut out = String::new();
    for block in blocks {
        if block.is_apart {
            out.push('\n');
        }
        let room = width.saturating_sub(block.indent);
        let lines = match &block.content {
            Content::Paragraph(lines) => filled(lines, room),
            Content::Item { mark, width, lines } => {
                marked(mark, *width, filled(lines, room.saturating_sub(*width)))
            }
            Content::Literal(lines) => lines.clone(),
            Content::Table(rows) => table::lines(rows),
        };
        for line in lines {
            if !line.is_empty() {
                out.push_str(&" ".repeat(block.indent));
            }
            line.iter().for_each(|span| write(&mut out, span, colors));
            out.push('\n');
        }
    }
    out
}

fn write(out: &mut String, span: &Span, colors: bool) {
    let text = span.text.replace(NO_BREAK, " ");
    let (start, end) = match span.font {
        Font::Bold if colors => ("\x1b[1m", "\x1b[0m"),
        Font::Italic if colors => ("\x1b[4m", "\x1b[0m"),
        Font::Bold | Font::Italic | Font::Roman => ("", ""),
    };
    out.push_str(start);
    out.push_str(&text);
    out.push_str(end);
}

/// Puts a mark before the first line, and spaces before the others.
fn marked(mark: &Text, width: usize, lines: Vec<Text>) -> Vec<Text> {
    let with_start = |(index, line): (usize, Text)| {
        let mark = if index == 0 { mark.as_slice() } else { &[] };
        let used: usize = mark.iter().map(|span| span.text.chars().count()).sum();
        let space = Span::plain(" ".repeat(width.saturating_sub(used)));
        [mark, &[space], &line].concat()
    };
    lines.into_iter().enumerate().map(with_start).collect()
}

/// Returns lines with as many words as the width has room for. A word that is wider has a line of
/// its own.
fn filled(lines: &[Text], width: usize) -> Vec<Text> {
    let mut filled = Vec::new();
    for line in lines {
        let (mut current, mut used) = (Text::new(), 0);
        for word in words(line) {
            let length = table::width(&word);
            if used > 0 && used + 1 + length > width {
                filled.push(std::mem::take(&mut current));
                used = 0;
            }
            if used > 0 {
                current.push(Span::plain(" ".to_owned()));
                used += 1;
            }
            used += length;
            current.extend(word);
        }
        if !current.is_empty() {
            filled.push(current);
        }
    }
    filled
}

/// Splits text at its spaces. A word can have parts in several fonts.
fn words(text: &Text) -> Vec<Text> {
    let mut words = vec![Text::new()];
    for span in text {
        for (index, part) in span.text.split(' ').enumerate() {
            if index > 0 {
                words.push(Text::new());
            }
            if let (false, Some(word)) = (part.is_empty(), words.last_mut()) {
                word.push(Span { font: span.font, text: part.to_owned() });
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
