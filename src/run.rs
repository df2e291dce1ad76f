//! One file per command: options become a plan, the plan runs, an outcome comes out.

mod command;
mod completions;
mod connect;
mod listen;
mod stdio;

use crate::{
    cli::{Cli, Command},
    diag::{self, Outcome, Terminal},
};

/// Runs the command.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let terminal = Terminal::new(&cli.everywhere);
    diag::start_log(terminal)?;
    match cli.command {
        Command::Listen(args) => listen::run(args, terminal),
        Command::Connect(args) => connect::run(args, terminal),
        Command::Completions(args) => completions::run(args.shell),
    }
}
