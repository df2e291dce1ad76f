//! `lsock` moves bytes through local sockets.

#![forbid(unsafe_code)]

mod bench;
mod cli;
mod deadline;
mod diag;
mod endpoint;
mod manual;
mod memory;
mod run;
mod serve;
mod system;
mod transfer;

use std::{ffi::OsString, process::ExitCode};

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let cli = match cli::parse(&args) {
        Ok(cli) => cli,
        Err(error) => return cli::usage(&error, &args),
    };
    let terminal = diag::Terminal::new(cli.everywhere.messages());
    diag::install_hook();
    let status = match diag::caught(|| run::run(cli, terminal)) {
        Ok(Ok(outcome)) => outcome.exit(),
        Ok(Err(failure)) | Err(failure) => diag::exit(&failure, terminal, &cli::help_hint(&args)),
    };
    diag::flush();
    status
}
