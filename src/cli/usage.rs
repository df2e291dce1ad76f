use super::definition;
use crate::{
    diag::{Terminal, USAGE, escaped, exit},
    endpoint::NotAName,
    system::stdout,
};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use local_socket::Platform;
use std::{error::Error as _, ffi::OsString, process::ExitCode};

/// Returns the hint that names the help of the command at hand.
pub(crate) fn help_hint(args: &[OsString]) -> String {
    let definition = definition();
    // Options and their values may stand before the command.
    let command = args.iter().skip(1).find_map(|word| {
        definition.get_subcommands().find(|command| word.as_os_str() == command.get_name())
    });
    command.map_or_else(
        || "see `lsock --help`".to_owned(),
        |command| format!("see `lsock {} --help`", command.get_name()),
    )
}

/// Prints the requested help or version, or the error of the command line. `help` is the hint for
/// an error that has no better one.
pub(crate) fn usage(error: &clap::Error, help: &str) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            match stdout::print_with(|| error.print()) {
                Err(failure) => exit(&failure, Terminal::unknown(), help),
                Ok(()) => ExitCode::SUCCESS,
            }
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(USAGE)
        }
        _ => {
            Terminal::unknown().error(&message(error), Some(&hint(error, help)));
            ExitCode::from(USAGE)
        }
    }
}

/// Returns the message of clap in one line, without its heading, usage and tips.
fn message(error: &clap::Error) -> String {
    if let Some(name) = name_error(error) {
        return name.to_string();
    }
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| {
        let line = line.trim_start();
        !["Usage:", "tip:", "For more information"].iter().any(|start| line.starts_with(start))
    });
    let words: Vec<&str> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = words.join(" ");
    escaped(text.strip_prefix("error: ").unwrap_or(&text))
}

/// Returns the error of a name, which has a message and a hint of its own.
fn name_error(error: &clap::Error) -> Option<&NotAName> {
    error.source()?.downcast_ref()
}

fn hint(error: &clap::Error, help: &str) -> String {
    if name_error(error).is_some() {
        return if Platform::CURRENT == Platform::Windows {
            r"a bare word, @a or \\.\pipe\a is the name of a pipe; see lsock-names(7)".to_owned()
        } else {
            "a slash makes a file (./a), a bare word or @a an own name; see lsock-names(7)"
                .to_owned()
        };
    }
    let similar = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        Some(ContextValue::Strings(words)) => words.first().cloned(),
        _ => None,
    };
    [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(similar)
        .map_or_else(|| help.to_owned(), |word| format!("did you mean `{}`?", escaped(&word)))
}
