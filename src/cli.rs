//! The command line: one file per command, shared groups of options, value parsers.

mod at_terminal;
mod bench;
mod command_terminal;
mod complete;
mod completions;
mod connect;
mod connecting;
mod everywhere;
mod help;
mod help_end;
mod listen;
mod listening;
mod ls;
#[cfg(test)]
mod man;
mod name;
mod observing;
mod reconnecting;
mod relay;
mod replay;
mod tap;
mod transfer;
mod usage;
mod value;

pub(crate) use at_terminal::AtTerminal;
pub(crate) use bench::{Bench, ExternalOptions, ReportOptions, WorkOptions};
pub(crate) use command_terminal::CommandTerminal;
pub(crate) use complete::{CompletionRequest, script};
pub(crate) use completions::Completions;
pub(crate) use connect::Connect;
pub(crate) use connecting::Connecting;
pub(crate) use everywhere::Everywhere;
pub(crate) use listen::Listen;
pub(crate) use listening::Listening;
pub(crate) use ls::Ls;
pub(crate) use name::NameCommand;
pub(crate) use observing::Observing;
pub(crate) use reconnecting::Reconnecting;
pub(crate) use relay::Relay;
pub(crate) use replay::Replay;
pub(crate) use tap::Tap;
pub(crate) use transfer::{ProgressMode, Transfer};
pub(crate) use usage::{UsageError, help_hint, usage};

use crate::{diag::Color, inspect::tap::KEEPER_COMMAND, manual::Page};
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use help::Help;
use local_socket::Name;
use std::{ffi::OsString, slice};

/// The name of the program.
const NAME: &str = "lsock";

/// Pipe stdin and stdout through local sockets.
///
/// Local sockets are Unix domain sockets (files and Linux abstract names) and Windows
/// named pipes. A NAME with a slash is a file; `@name` or a bare word is a namespaced
/// name, not a file; see lsock-names(7).
#[derive(Debug, Parser)]
#[command(name = NAME, version, propagate_version = true, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Options before the command; [`parse`] adds the options after it.
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

// The options of a command are built only if the command is called, and clap's `global` options
// are not used: together that saves 0.06 ms of the start. With `defer`, the description of each
// command must be here.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Accept a client and join it to stdin and stdout, or to a command.
    ///
    /// The name is private: by default only the same user (and root) can connect. A stale
    /// socket file is replaced; a live one is refused.
    Listen(Listen),
    /// Connect and join the connection to stdin and stdout, or to a command.
    Connect(Connect),
    /// Connect every client of LISTEN to TARGET and join the two.
    ///
    /// Either side is a local socket or a TCP port. TARGET can also be a command that is
    /// started for each client. A signal ends the relay; with --once it serves one client.
    Relay(Box<Relay>),
    /// Look into a live socket file: stand between its clients and its server.
    ///
    /// The server's file is moved aside and comes back when lsock ends. Clients find a server at
    /// every moment, and need not be pointed elsewhere. Connections from before are not seen.
    Tap(Box<Tap>),
    /// Measure throughput, latency and connection rate of local sockets.
    ///
    /// Without a workload it runs a tour of ten seconds, which compares them with plain pipes,
    /// socket pairs and TCP. Server and clients are two processes; both count all bytes and
    /// check a part of them.
    Bench(Box<Bench>),
    /// Say what a name means, what stands there, who listens, and whether it works.
    ///
    /// The exit status is 0 if somebody listens on all names, or with --probe if all of them
    /// accepted a connection, and 3 if not. Without --probe nothing is connected to.
    Name(NameCommand),
    /// The server process of `lsock bench`. It connects to this name to receive its work.
    /// Not part of the definition, so that help and completions do not show it.
    #[command(skip)]
    BenchServer(Name<'static>),
    /// List the local sockets of this machine.
    ///
    /// By default these are the names on which somebody listens, with backlog, number of clients,
    /// process and user. With --all there are also connections, both ends in one row.
    Ls(Ls),
    /// Play a recorded connection again and compare the answers.
    ///
    /// Connects to NAME, sends what the recorded client has sent, and compares what the server
    /// answers with the recording; or, with --serve, plays the recorded server for a client. The
    /// exit status is 0 if the bytes are the same, and 1 at the first difference, which is shown.
    Replay(Box<Replay>),
    /// Print a script that completes lsock's command lines in a shell.
    ///
    /// In bash, zsh and fish it completes commands, options and their values, names of sockets that
    /// are there at that moment, users and groups, and commands after `--`. In other shells it
    /// completes commands, options and listed values.
    Completions(Completions),
    /// The request of such a script.
    #[command(skip)]
    Complete(CompletionRequest),
    /// `help` with a page of the manual, which [`help::parse`] reads.
    #[command(skip)]
    Page(Page),
}

impl Command {
    fn everywhere(&self) -> &Everywhere {
        match self {
            Self::Listen(listen) => &listen.everywhere,
            Self::Connect(connect) => &connect.everywhere,
            Self::Relay(relay) => &relay.everywhere,
            Self::Bench(bench) => &bench.everywhere,
            Self::Ls(ls) => &ls.everywhere,
            Self::Name(name) => &name.everywhere,
            Self::Tap(tap) => &tap.everywhere,
            Self::Replay(replay) => &replay.everywhere,
            Self::BenchServer(_) | Self::Page(_) | Self::Complete(_) => &Everywhere::DEFAULT,
            Self::Completions(completions) => &completions.everywhere,
        }
    }
}

/// Returns the definition of the whole command line.
pub(crate) fn definition() -> clap::Command {
    let root = without_ends().mut_subcommands(with_end);
    let pages = help::pages(&root);
    let root = with_end(root);
    let end = root.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    root.after_long_help(format!("{pages}\n\n{end}"))
}

/// Returns the definition without the ends of help texts, which take time at each start.
fn without_ends() -> clap::Command {
    Cli::command().subcommand(help::definition())
}

/// Adds the end of the help of a command.
fn with_end(command: clap::Command) -> clap::Command {
    let name = if command.get_name() == NAME { "" } else { command.get_name() };
    let Some(end) = help_end::of(name) else { return command };
    let long = end.long(command.get_styles());
    let command = command.after_long_help(long);
    match end.short() {
        Some(short) => command.after_help(short),
        None => command,
    }
}

/// Parses the command line.
pub(crate) fn parse(args: &[OsString]) -> Result<Cli, UsageError> {
    if let [_, command, control] = args
        && command == crate::bench::work::COMMAND
    {
        let name = Name::parse(control).map(Name::into_owned);
        let name = name.map_err(|error| definition().error(ErrorKind::InvalidValue, error))?;
        let everywhere = Everywhere::DEFAULT;
        return Ok(Cli { command: Command::BenchServer(name), everywhere });
    }
    if let Some(request) = CompletionRequest::read(args) {
        let everywhere = Everywhere::DEFAULT;
        return Ok(Cli { command: Command::Complete(request), everywhere });
    }
    // clap prints help before the options are parsed. `lsock help` has options after its topic too.
    let color = match Everywhere::scan(args).color {
        Some(Color::Always) => ColorChoice::Always,
        Some(Color::Never) => ColorChoice::Never,
        Some(Color::Auto) | None => ColorChoice::Auto,
    };
    if let [program, command, rest @ ..] = args
        && command == KEEPER_COMMAND
    {
        let mut cli = parse(&[slice::from_ref(program), rest].concat())?;
        if let Command::Tap(tap) = &mut cli.command {
            tap.is_keeper = true;
        }
        return Ok(cli);
    }
    let with_option = match help::parse(args)? {
        Some(Help::Page(page, everywhere)) => {
            return Ok(Cli { command: Command::Page(page), everywhere });
        }
        Some(Help::Option(args)) => Some(args),
        None => None,
    };
    let args = with_option.as_deref().unwrap_or(args);
    if let Some(error) = usage::separate_value(args) {
        return Err(error);
    }
    // It stays in memory: dropping it takes time at each start.
    let root = Box::leak(Box::new(without_ends()));
    let mut matches = match root.try_get_matches_from_mut(args) {
        Ok(matches) => matches,
        // Requests of help are errors as well.
        Err(_) => definition().color(color).try_get_matches_from(args)?,
    };
    let mut cli = Cli::from_arg_matches_mut(&mut matches)?;
    cli.everywhere.add(cli.command.everywhere());
    if cli.everywhere.verbose > 0 && cli.everywhere.quiet > 0 {
        let message = "the argument '--quiet' cannot be used with '--verbose'";
        return Err(definition().error(ErrorKind::ArgumentConflict, message).into());
    }
    Ok(cli)
}

#[cfg(test)]
mod tests {
    #[test]
    fn definition_is_consistent() {
        super::definition().debug_assert();
    }
}
