//! Errors become messages, hints and exit statuses: here and nowhere else.

mod assuan;
mod failure;
mod hint;
mod log;
mod panic;
pub(crate) mod standing;
mod status;
mod stderr;
mod style;
mod terminal;
mod ticker;

pub(crate) use assuan::{AssuanError, AssuanProblem};
pub(crate) use failure::{Failure, Receiver};
pub(crate) use hint::slash_hint;
pub(crate) use log::{show_times, start as start_log};
pub(crate) use panic::{caught, caught_task, end_at_a_panic, install_hook};
pub(crate) use standing::SocketFailure;
pub(crate) use status::{ABSENT, Outcome, TIMED_OUT, USAGE};
pub(crate) use stderr::{flush, lines_of_raw_terminal, write_on_a_thread, write_trace};
pub(crate) use style::{
    Style, counted, escaped, escaped_path, plain_json, push_json, quoted, quoted_for, shell_of,
    styled,
};
pub(crate) use terminal::{Color, LogFormat, MessageOptions, Terminal};
pub(crate) use ticker::{Tick, Ticker, progress_line};

/// Prints an error and returns its exit status. `help` is the hint for wrong usage.
pub(crate) fn exit(failure: &Failure, terminal: Terminal, help: &str) -> i32 {
    // The error is the last line.
    flush();
    terminal.error(&escaped(&failure.to_string()), failure.hint(help).as_deref());
    failure.status()
}
