//! `lsock completions`.

use crate::{
    cli::{self, CompletionRequest},
    diag::{Failure, Outcome},
    system::stdout,
};

/// Prints the script.
pub(super) fn run(shell: clap_complete::Shell) -> Result<Outcome, Failure> {
    stdout::print(&cli::script(shell))?;
    Ok(Outcome::Done)
}

/// Answers a request of the script.
pub(super) fn complete(request: &CompletionRequest) -> Result<Outcome, Failure> {
    stdout::print(request.answer().as_bytes())?;
    Ok(Outcome::Done)
}
