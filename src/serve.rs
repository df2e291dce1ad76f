//! Accepts clients: admission, limits and shutdown.

mod accept;
mod accept_errors;
mod admission;
mod limits;
mod loop_acceptor;
mod ready_file;
mod server;
mod shutdown;
mod stop;

pub(crate) use accept::Acceptor;
pub(crate) use admission::{Admission, Admitted};
pub(crate) use limits::Limits;
pub(crate) use ready_file::ReadyFile;
pub(crate) use server::{Client, Handler, Server, ServerOptions};
pub(crate) use stop::Stopper;

use crate::diag::counted;
use std::time::Duration;

/// Additional time for closing connections after the grace time.
const LAST_TIME: Duration = Duration::from_millis(500);

/// Time between a signal and the message that connections are waited for, which is left out if they
/// end before.
pub(crate) const NOTICE_DELAY: Duration = Duration::from_millis(100);

/// Returns the message that open connections are waited for after a signal.
fn waiting_for(connections: usize, grace: Duration) -> String {
    let pronoun = if connections == 1 { "it" } else { "them" };
    let connections = counted(connections as u64, "connection");
    waiting_text(&format!("{connections} to end"), pronoun, grace)
}

/// Returns the message that this is waited for after a signal.
fn waiting_text(what: &str, pronoun: &str, grace: Duration) -> String {
    let grace = humantime::format_duration(grace);
    format!("waiting up to {grace} for {what}; a second signal ends {pronoun} at once")
}

/// Returns the message that connections are closed at the end of the grace time.
fn still_open(connections: usize, grace: Duration) -> String {
    let verb = if connections == 1 { "was" } else { "were" };
    let connections = counted(connections as u64, "connection");
    let grace = humantime::format_duration(grace);
    format!("{connections} {verb} still open after {grace} and {verb} closed")
}

/// Ends the process by the signal, after the log has been written.
fn die(signal: i32) -> ! {
    crate::diag::flush();
    crate::system::signals::die(signal)
}

/// Calls the function for every termination signal. If the function panics, the process ends by the
/// signal.
fn on_termination(mut handle: impl FnMut(i32) + Send + 'static) -> std::io::Result<()> {
    crate::system::signals::on_termination(move |signal| {
        if crate::diag::caught(|| handle(signal)).is_err() {
            die(signal);
        }
    })
}
