use crate::{
    cli,
    diag::{Failure, Outcome},
};
use std::io::{ErrorKind, Write, stdout};

/// Prints the script.
pub(super) fn run(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::definition(), "lsock", &mut script);
    print(&script)
}

/// Writes what was asked for to stdout; whoever closed it has seen enough.
pub(super) fn print(text: &[u8]) -> anyhow::Result<Outcome> {
    match stdout().lock().write_all(text).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Io { what: "cannot write to standard output", error }.into())
        }
        _ => Ok(Outcome::Done),
    }
}
