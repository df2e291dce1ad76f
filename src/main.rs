//! `lsock` moves bytes through local sockets.

#![forbid(unsafe_code)]

mod bench;
mod cli;
mod deadline;
mod diag;
mod endpoint;
mod memory;
mod run;
mod serve;
mod system;
mod transfer;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return diag::usage(&error),
    };
    let terminal = diag::Terminal::new(cli.everywhere.messages());
    diag::install_hook();
    let status = match diag::caught(|| run::run(cli)) {
        Ok(Ok(outcome)) => outcome.exit(),
        Ok(Err(error)) => diag::exit(&error, terminal),
        Err(failure) => diag::exit(&failure.into(), terminal),
    };
    diag::flush();
    status
}
