use crate::{cli, diag::Outcome, system::stdout};

/// Prints the script.
pub(super) fn run(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::definition(), "lsock", &mut script);
    stdout::print(&script)?;
    Ok(Outcome::Done)
}
