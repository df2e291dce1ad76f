//! Reads the part of man(7) and tbl(7) that the pages use. Anything else is an error.

use super::table;
use std::mem;

/// A font of man(7).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Font {
    Roman,
    Bold,
    Italic,
}

/// Characters in one font.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) font: Font,
    pub(super) text: String,
}

impl Span {
    /// Returns a span in the normal font.
    pub(super) fn plain(text: String) -> Self {
        Self { font: Font::Roman, text }
    }
}

/// Text with spaces between its words. A space that joins two words to one is [`NO_BREAK`].
pub(super) type Text = Vec<Span>;

/// A space at which a line is not broken.
pub(super) const NO_BREAK: char = '\u{a0}';

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Columns before the text.
    pub(super) indent: usize,
    /// Whether an empty line comes before it.
    pub(super) is_apart: bool,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Lines whose words are filled.
    Paragraph(Vec<Text>),
    /// A paragraph after a mark, such as a bullet, that is so many columns wide.
    Item {
        mark: Text,
        width: usize,
        lines: Vec<Text>,
    },
    /// Lines that are kept.
    Literal(Vec<Text>),
    Table(Vec<table::Row>),
}

/// Indentation of the text of a page, of a tagged paragraph, and of `.RS`.
const STEP: usize = 4;

/// Indentation of the title of a subsection.
const SUBSECTION: usize = 2;

/// Reads a page.
///
/// # Errors
/// A message with the line that is not understood.
pub(super) fn parse(source: &str) -> Result<Vec<Block>, String> {
    let mut parser = Parser::new();
    let mut lines = source.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let known = if line == ".TS" {
            let rows: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != ".TE").collect();
            parser.table(&rows)
        } else {
            parser.line(line)
        };
        known.map_err(|what| format!("line {}: {what}", number + 1))?;
    }
    Ok(parser.blocks)
}

struct Parser {
    blocks: Vec<Block>,
    /// The font of text, which `\f` changes until it is changed again.
    font: Font,
    /// Indentations that `.RS` has nested.
    margins: Vec<usize>,
    /// Indentation of the current paragraph.
    indent: usize,
    /// Whether lines are kept (`.nf`, `.EX`).
    is_literal: bool,
    /// Whether the next line is the tag of a paragraph (`.TP`).
    is_tag: bool,
    /// Whether the next text begins a block, and whether an empty line comes before it.
    begins: Option<bool>,
}

impl Parser {
    fn new() -> Self {
        Self {
            blocks: Vec::new(),
            font: Font::Roman,
            margins: vec![STEP],
            indent: STEP,
            is_literal: false,
            is_tag: false,
            begins: Some(false),
        }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.starts_with(".\\\"") || line.starts_with("'\\\"") {
            return Ok(());
        }
        let Some(request) = line.strip_prefix('.') else {
            if line.starts_with('\'') || line.is_empty() && !self.is_literal {
                return Err(format!("`{line}`"));
            }
            let text = self.spans(line)?;
            self.add(text);
            return Ok(());
        };
        let (name, rest) = request.split_once(' ').unwrap_or((request, ""));
        let arguments = arguments(rest);
        match (name, &arguments[..]) {
            ("TH", _) => {}
            ("SH", [_, ..]) => self.heading(&arguments.join(" "), 0)?,
            ("SS", [_, ..]) => self.heading(&arguments.join(" "), SUBSECTION)?,
            ("PP", []) => self.begin(self.margin()),
            ("TP", []) => {
                self.begin(self.margin());
                self.is_tag = true;
            }
            ("IP", []) => self.begin(self.margin() + STEP),
            ("IP", [mark, width]) => {
                let width = width.parse().map_err(|_| format!("`{line}`"))?;
                let mark = self.spans(mark)?;
                self.begin(self.margin());
                self.push(Content::Item { mark, width, lines: vec![Text::new()] });
            }
            ("RS", []) => {
                self.margins.push(self.margin() + STEP);
                self.nest();
            }
            ("RE", []) if self.margins.len() > 1 => {
                self.margins.pop();
                self.nest();
            }
            ("nf" | "EX", []) | ("fi" | "EE", []) => {
                self.is_literal = matches!(name, "nf" | "EX");
                self.begins = self.begins.or(Some(false));
            }
            ("br", []) => self.break_line(),
            ("B" | "I", [_, ..]) => {
                let font = font(name)?;
                let text = self.in_fonts(&[&arguments.join(" ")], [font, font])?;
                self.add(text);
            }
            ("BR" | "RB" | "BI" | "IB" | "IR" | "RI", [_, ..]) => {
                let fonts = [font(&name[..1])?, font(&name[1..])?];
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let text = self.in_fonts(&arguments, fonts)?;
                self.add(text);
            }
            _ => return Err(format!("`{line}`")),
        }
        Ok(())
    }

    fn margin(&self) -> usize {
        self.margins.last().copied().unwrap_or(STEP)
    }

    /// Begins a block with an empty line before it, unless it follows a heading.
    fn begin(&mut self, indent: usize) {
        self.indent = indent;
        self.begins = Some(self.begins != Some(false) || self.is_after_text());
        self.font = Font::Roman;
    }

    /// Returns whether the last block is not a heading.
    fn is_after_text(&self) -> bool {
        self.blocks.last().is_some_and(|block| block.indent >= STEP)
    }

    /// Begins a block at the current margin without an empty line.
    fn nest(&mut self) {
        self.indent = self.margin();
        self.begins = self.begins.or(Some(false));
    }

    fn heading(&mut self, title: &str, indent: usize) -> Result<(), String> {
        self.is_literal = false;
        self.margins.truncate(1);
        let mut text = self.spans(title)?;
        text.iter_mut().for_each(|span| span.font = Font::Bold);
        self.begins = Some(!self.blocks.is_empty());
        self.indent = indent;
        self.push(Content::Paragraph(vec![text]));
        self.font = Font::Roman;
        self.indent = self.margin();
        self.begins = Some(false);
        Ok(())
    }

    fn push(&mut self, content: Content) {
        let is_apart = self.begins.take().unwrap_or(false);
        self.blocks.push(Block { indent: self.indent, is_apart, content });
    }

    /// Adds text as the tag of a paragraph, as a line that is kept, or to the paragraph.
    fn add(&mut self, text: Text) {
        if mem::take(&mut self.is_tag) {
            self.push(Content::Paragraph(vec![text]));
            self.indent += STEP;
            self.begins = Some(false);
            return;
        }
        if self.begins.is_some() {
            self.push(if self.is_literal {
                Content::Literal(Vec::new())
            } else {
                Content::Paragraph(vec![Text::new()])
            });
        }
        match self.blocks.last_mut().map(|block| &mut block.content) {
            Some(Content::Literal(lines)) => lines.push(text),
            Some(Content::Paragraph(lines) | Content::Item { lines, .. }) => {
                if let Some(last) = lines.last_mut() {
                    if !last.is_empty() {
                        last.push(Span::plain(" ".to_owned()));
                    }
                    last.extend(text);
                }
            }
            Some(Content::Table(_)) | None => {}
        }
    }

    fn break_line(&mut self) {
        if let (None, Some(Content::Paragraph(lines) | Content::Item { lines, .. })) =
            (self.begins, self.blocks.last_mut().map(|block| &mut block.content))
        {
            lines.push(Text::new());
        }
    }

    /// Reads the lines between `.TS` and `.TE`.
    fn table(&mut self, lines: &[&str]) -> Result<(), String> {
        let [format, rows @ ..] = lines else { return Err("an empty table".to_owned()) };
        let alignments = table::alignments(format)?;
        let mut table = Vec::new();
        for row in rows {
            let cells = row.split('\t').map(|cell| self.spans(cell));
            table.push(table::Row::new(&alignments, cells.collect::<Result<_, _>>()?)?);
        }
        self.begin(self.margin());
        self.push(Content::Table(table));
        self.begins = Some(false);
        Ok(())
    }

    /// Reads arguments in two fonts in turn, without spaces between them.
    fn in_fonts(&mut self, arguments: &[&str], fonts: [Font; 2]) -> Result<Text, String> {
        let mut text = Text::new();
        for (argument, font) in arguments.iter().zip(fonts.into_iter().cycle()) {
            self.font = font;
            text.extend(self.spans(argument)?);
        }
        self.font = Font::Roman;
        Ok(text)
    }

    /// Reads text with its escape sequences (`man(7)`, `groff_char(7)`).
    fn spans(&mut self, text: &str) -> Result<Text, String> {
        let mut spans = vec![Span { font: self.font, text: String::new() }];
        let mut rest = text;
        while let Some((before, escape)) = rest.split_once('\\') {
            let (replaced, length) = match escape.as_bytes() {
                [b'-', ..] => ("-", 1),
                [b'e', ..] => ("\\", 1),
                [b'&', ..] => ("", 1),
                [b'~', ..] => ("\u{a0}", 1),
                [b'(', b'a', b'q', ..] => ("'", 3),
                [b'(', b'g', b'a', ..] => ("`", 3),
                [b'(', b'l', b'q', ..] => ("“", 3),
                [b'(', b'r', b'q', ..] => ("”", 3),
                [b'(', b't', b'i', ..] => ("~", 3),
                [b'(', b'b', b'u', ..] => ("•", 3),
                [b'f', b'R' | b'B' | b'I', ..] => ("", 2),
                _ => return Err(format!("`\\{escape}`")),
            };
            let last = spans.last_mut().ok_or("no text")?;
            last.text.push_str(before);
            last.text.push_str(replaced);
            if escape.starts_with('f') {
                self.font = font(&escape[1..2])?;
                spans.push(Span { font: self.font, text: String::new() });
            }
            rest = &escape[length..];
        }
        if let Some(last) = spans.last_mut() {
            last.text.push_str(rest);
        }
        spans.retain(|span| !span.text.is_empty());
        Ok(spans)
    }
}

fn font(letter: &str) -> Result<Font, String> {
    match letter {
        "R" => Ok(Font::Roman),
        "B" => Ok(Font::Bold),
        "I" => Ok(Font::Italic),
        _ => Err(format!("the font `{letter}`")),
    }
}

/// Splits the arguments of a request at spaces outside double quotes.
fn arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (argument, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        arguments.push(argument.to_owned());
        rest = after.trim_start();
    }
    arguments
}
