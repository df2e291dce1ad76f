//! One file per command: options become a plan, the plan runs, an outcome comes out.

mod at_terminal;
mod bench;
mod bridge;
mod command;
mod completions;
mod connect;
mod environment;
mod help;
mod hub;
mod listen;
mod listening;
mod ls;
mod name;
mod observing;
mod relay;
mod replay;
mod shared_stdio;
mod stdio;
mod tap;

use crate::{
    cli::{Cli, Command},
    diag::{self, Failure, Outcome, Terminal},
    endpoint::{InheritedSockets, ListenOn, check_passed},
    system::{self, KernelPipe, descriptor_limit},
};
use std::num::NonZeroUsize;

/// Runs the command.
pub(crate) fn run(cli: Cli, terminal: Terminal) -> Result<Outcome, Failure> {
    diag::start_log(terminal)?;
    system::signals::exit_as_first_process()
        .and_then(|()| system::signals::fail_at_file_limit())
        .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
    check_passed(inherited(&cli.command))?;
    match cli.command {
        Command::Listen(args) => listen::run(args, terminal),
        Command::Connect(args) => connect::run(args, terminal),
        Command::Relay(args) => relay::run(*args, terminal),
        Command::Tap(args) => tap::run(&args, terminal),
        Command::Bench(args) => {
            diag::end_at_a_panic();
            bench::run(&args, terminal)
        }
        Command::BenchServer(control) => {
            diag::end_at_a_panic();
            bench::serve(&control)
        }
        Command::Ls(args) => ls::run(&args, terminal),
        Command::Name(args) => name::run(&args, terminal),
        Command::Replay(args) => replay::run(*args, terminal),
        Command::Completions(args) => completions::run(args.shell),
        Command::Complete(request) => completions::complete(&request),
        Command::Page(page) => help::run(page, terminal),
    }
}

/// Returns the inherited sockets that the command serves.
fn inherited(command: &Command) -> Option<&InheritedSockets> {
    match command {
        Command::Relay(args) => match &args.listen {
            ListenOn::Fd(sockets) => Some(sockets),
            _ => None,
        },
        _ => None,
    }
}

/// Keeps the open descriptors of this process from commands.
fn keep_descriptors() -> Result<(), Failure> {
    system::command::keep_descriptors()
        .map_err(|error| Failure::Io { what: "cannot keep open files from commands", error })
}

/// The share of the descriptors of connections that is kept for pipes through which bytes are
/// spliced. A pipe is in use only while its receiver does not take everything at once; without one,
/// a connection copies.
const SHARE_OF_PIPES: u64 = 16;

/// Prepares for many connections: raises the limit of open descriptors, and keeps them from
/// commands. Returns the number of connections that the limit allows, if there is a limit.
fn room_for_connections(
    descriptors_each: u64,
    splices: bool,
) -> Result<Option<NonZeroUsize>, Failure> {
    keep_descriptors()?;
    let to_count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(descriptor_limit::raise().map(|room| {
        let files = if splices { descriptor_limit::to_splice() } else { 0 };
        let room = room.saturating_sub(files);
        let pipes = if splices { room / SHARE_OF_PIPES / KernelPipe::DESCRIPTORS } else { 0 };
        KernelPipe::set_limit(to_count(pipes));
        let room = room - pipes * KernelPipe::DESCRIPTORS;
        NonZeroUsize::new(to_count(room / descriptors_each)).unwrap_or(NonZeroUsize::MIN)
    }))
}
