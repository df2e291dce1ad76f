//! The pages of the manual, as text for systems without man(1).

mod block;
mod layout;
mod page;
mod roff;
mod table;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

pub(crate) use page::Page;

/// The widest line. Longer ones are hard to read.
const MAX_WIDTH: usize = 100;

/// The narrowest line, so that words of paragraphs with an indentation have room.
const MIN_WIDTH: usize = 40;

/// Returns a page as text.
///
/// # Errors
/// A part of the page that [`roff`] does not know. The tests read every page.
pub(crate) fn text(page: Page, width: usize, colors: bool) -> Result<String, String> {
    let blocks = roff::parse(page.source())?;
    Ok(layout::text(&blocks, width.clamp(MIN_WIDTH, MAX_WIDTH), colors))
}
