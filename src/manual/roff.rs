//! Reads the part of man(7) and tbl(7) that the pages use. Anything else is an error.

mod inline;

use self::inline::{arguments, font, in_fonts, spans};
use super::{
    block::{Block, Content, Font, Span, Text},
    table,
};
use std::mem;

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
            let text = spans(&mut self.font, line)?;
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
                let mark = spans(&mut self.font, mark)?;
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
                let text = in_fonts(&[&arguments.join(" ")], [font, font])?;
                self.font = Font::Roman;
                self.add(text);
            }
            ("BR" | "RB" | "BI" | "IB" | "IR" | "RI", [_, ..]) => {
                let fonts = [font(&name[..1])?, font(&name[1..])?];
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let text = in_fonts(&arguments, fonts)?;
                self.font = Font::Roman;
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
        let mut text = spans(&mut self.font, title)?;
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
            let cells = row.split('\t').map(|cell| spans(&mut self.font, cell));
            table.push(table::CellRow::new(&alignments, cells.collect::<Result<_, _>>()?)?);
        }
        self.begin(self.margin());
        self.push(Content::Table(table));
        self.begins = Some(false);
        Ok(())
    }
}
