use crate::{
    cli,
    diag::{Failure, Outcome},
    system::stdout,
};

/// Prints the script.
pub(super) fn run(shell: clap_complete::Shell) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::definition(), "lsock", &mut script);
    stdout::print(&script)?;
    Ok(Outcome::Done)
}
