//! The command line: one file per command, shared groups of options, value parsers.

mod connect;
mod connecting;
mod everywhere;
mod listen;
mod listening;
#[cfg(test)]
mod man;
mod transfer;
mod value;

pub(crate) use connect::Connect;
pub(crate) use connecting::Connecting;
pub(crate) use everywhere::{Color, Everywhere, LogFormat};
pub(crate) use listen::Listen;
pub(crate) use listening::{Listening, Who};
pub(crate) use transfer::{CopyWay, Eof, Progress, Transfer};

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;

/// Pipe stdin and stdout through local sockets.
///
/// Local sockets are Unix domain sockets (files and Linux abstract names) and Windows
/// named pipes. A NAME with a slash is a file, `@name` or a bare word is a name in the
/// system's own namespace; see lsock-names(7).
#[derive(Debug, Parser)]
#[command(name = "lsock", version, propagate_version = true, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Listen(Listen),
    Connect(Connect),
    /// Print a script that completes lsock's options in a shell.
    Completions {
        /// The shell to write the script for.
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
}

/// The definition of the whole command line.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

/// Reads the command line.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = args.collect();
    // Help and usage errors are printed by clap, before the options are known.
    let matches = definition().color(color(&args)).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

fn color(args: &[OsString]) -> ColorChoice {
    let words: Vec<&str> =
        args.iter().map_while(|arg| arg.to_str()).take_while(|arg| *arg != "--").collect();
    let value = words
        .iter()
        .find_map(|word| word.strip_prefix("--color="))
        .or_else(|| words.windows(2).find(|pair| pair[0] == "--color").map(|pair| pair[1]));
    match value {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn definition_is_consistent() {
        super::definition().debug_assert();
    }
}
