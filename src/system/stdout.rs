//! Text on standard output.

use super::output;
use crate::diag::Failure;
use std::{
    env,
    io::{self, ErrorKind, Write as _, stdout},
};

/// Fails if the process has no standard output.
///
/// # Errors
/// `Failure::Io` if it was closed when the process started.
pub(crate) fn check() -> Result<(), Failure> {
    output::check_stdout().map_err(failure)
}

/// Returns the width of the terminal that standard output is, or else the value of `COLUMNS`.
pub(crate) fn width() -> Option<usize> {
    let terminal = terminal_size::terminal_size_of(stdout());
    let columns = || env::var("COLUMNS").ok()?.parse().ok();
    terminal.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0).or_else(columns)
}

/// Prints a text.
///
/// # Errors
/// Those of [`print_with`].
pub(crate) fn print(text: &[u8]) -> Result<(), Failure> {
    print_with(|| {
        let mut stdout = stdout().lock();
        stdout.write_all(text).and_then(|()| stdout.flush())
    })
}

/// Prints by calling the function. A closed pipe is not an error: its reader, such as `head`, needs
/// no more.
///
/// # Errors
/// `Failure::Io` if there is no standard output or writing fails.
pub(crate) fn print_with(print: impl FnOnce() -> io::Result<()>) -> Result<(), Failure> {
    check()?;
    match print() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(failure(error)),
        _ => Ok(()),
    }
}

fn failure(error: io::Error) -> Failure {
    Failure::Io { what: "cannot write to standard output", error }
}
