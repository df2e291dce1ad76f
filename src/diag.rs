//! Errors become messages, hints and exit statuses: here and nowhere else.

mod failure;
mod hint;
mod log;
mod panic;
mod status;
mod stderr;
mod terminal;
mod usage;

pub(crate) use failure::{Failure, LossDirection, message};
pub(crate) use log::{escaped, start as start_log};
pub(crate) use panic::{caught, caught_task, end_at_a_panic, install_hook};
pub(crate) use status::{Outcome, status};
pub(crate) use stderr::{flush, write_on_a_thread};
pub(crate) use terminal::{Color, LogFormat, MessageOptions, Terminal};
pub(crate) use usage::usage;

use std::process::ExitCode;

/// Says what went wrong and gives the exit status that stands for it.
pub(crate) fn exit(error: &anyhow::Error, terminal: Terminal) -> ExitCode {
    // The error is the last line.
    flush();
    terminal.error(&escaped(&message(error)), hint::hint(error).as_deref());
    ExitCode::from(status(error))
}
