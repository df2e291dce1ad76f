use crate::{
    cli,
    diag::{Failure, Outcome},
    system::output,
};
use std::io::{self, ErrorKind, Write, stdout};

/// Prints the script.
pub(super) fn run(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::definition(), "lsock", &mut script);
    print(&script)
}

/// Writes what was asked for to stdout; whoever closed it has seen enough.
pub(super) fn print(text: &[u8]) -> anyhow::Result<Outcome> {
    check_stdout()?;
    match stdout().lock().write_all(text).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_print(error).into()),
        _ => Ok(Outcome::Done),
    }
}

/// Fails if there is no standard output to print to.
pub(super) fn check_stdout() -> Result<(), Failure> {
    output::check_stdout().map_err(cannot_print)
}

fn cannot_print(error: io::Error) -> Failure {
    Failure::Io { what: "cannot write to standard output", error }
}
