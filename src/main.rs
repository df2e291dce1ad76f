//! `lsock` moves bytes through local sockets.

#![forbid(unsafe_code)]
#![cfg_attr(all(without_runtime, not(test)), no_main)]

mod bench;
mod cli;
mod deadline;
mod diag;
mod endpoint;
mod inspect;
mod manual;
mod memory;
mod run;
mod serve;
mod system;
mod text_table;
mod transfer;

use std::{env, ffi::OsString};

lsock_startup::main!(run);

fn run() -> i32 {
    run_line(&env::args_os().collect::<Vec<_>>())
}

/// Runs a command line and returns the exit status.
fn run_line(args: &[OsString]) -> i32 {
    let cli = match cli::parse(args) {
        Ok(cli) => cli,
        Err(error) => return cli::usage(&error, args),
    };
    let terminal = diag::Terminal::new(cli.everywhere.messages());
    diag::install_hook(|| {
        system::restore_terminal();
    });
    let status = match diag::caught(|| run::run(cli, terminal)) {
        Ok(Ok(outcome)) => outcome.status(),
        Ok(Err(failure)) | Err(failure) => diag::exit(&failure, terminal, &cli::help_hint(args)),
    };
    diag::flush();
    status
}
