//! The content of a page, independent of its format.

use super::table;

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
    Table(Vec<table::CellRow>),
}
