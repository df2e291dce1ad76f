//! The command line: one file per command, shared groups of options, value parsers.

mod bench;
mod completions;
mod connect;
mod connecting;
mod everywhere;
mod help;
mod listen;
mod listening;
#[cfg(test)]
mod man;
mod relay;
mod transfer;
mod usage;
mod value;

pub(crate) use bench::{Bench, ExternalOptions, ReportOptions, WorkOptions};
pub(crate) use completions::Completions;
pub(crate) use connect::Connect;
pub(crate) use connecting::Connecting;
pub(crate) use everywhere::Everywhere;
pub(crate) use listen::Listen;
pub(crate) use listening::Listening;
pub(crate) use relay::Relay;
pub(crate) use transfer::{ProgressMode, Transfer};
pub(crate) use usage::{UsageError, help_hint, usage};

use crate::{diag::Color, manual::Page};
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use help::Help;
use local_socket::Name;
use std::ffi::OsString;

/// Pipe stdin and stdout through local sockets.
///
/// Local sockets are Unix domain sockets (files and Linux abstract names) and Windows
/// named pipes. A NAME with a slash is a file; `@name` or a bare word is a namespaced
/// name, not a file; see lsock-names(7).
#[derive(Debug, Parser)]
#[command(name = "lsock", version, propagate_version = true, max_term_width = 100)]
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
    /// Measure throughput, latency and connection rate of local sockets.
    ///
    /// Without a workload it runs a tour of ten seconds, which compares them with plain pipes,
    /// socket pairs and TCP. Server and clients are two processes; both count all bytes and
    /// check a part of them.
    Bench(Box<Bench>),
    /// The server process of `lsock bench`. It connects to this name to receive its work.
    /// Not part of the definition, so that help and completions do not show it.
    #[command(skip)]
    BenchServer(Name<'static>),
    /// Print a script that completes lsock's options in a shell.
    Completions(Completions),
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
            Self::BenchServer(_) | Self::Page(_) => &Everywhere::DEFAULT,
            Self::Completions(completions) => &completions.everywhere,
        }
    }
}

/// Returns the definition of the whole command line.
pub(crate) fn definition() -> clap::Command {
    let root = Cli::command();
    let pages = help::pages(&root);
    root.subcommand(help::definition()).after_long_help(pages)
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
    // clap prints help before the options are parsed.
    let color = match Everywhere::scan(args).color {
        Some(Color::Always) => ColorChoice::Always,
        Some(Color::Never) => ColorChoice::Never,
        Some(Color::Auto) | None => ColorChoice::Auto,
    };
    let matches = definition().color(color).try_get_matches_from(args)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
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
