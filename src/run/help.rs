use crate::{
    diag::{Failure, Outcome, Terminal},
    manual::{self, Page},
    system::stdout,
};

/// Width of the text if standard output is not a terminal.
const WIDTH: usize = 80;

/// Prints a page of the manual.
pub(super) fn run(page: Page, terminal: Terminal) -> Result<Outcome, Failure> {
    let width = stdout::width().unwrap_or(WIDTH);
    let text = manual::text(page, width, terminal.colors_stdout()).map_err(Failure::Internal)?;
    stdout::print(text.as_bytes())?;
    Ok(Outcome::Done)
}
