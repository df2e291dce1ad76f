//! Wrong usage: the message in one line, and a hint that fits the command at hand.

mod endpoint;
mod habit;
mod line;
mod netcat;
mod npiperelay;
mod optional_value;
mod sides;
mod socat;

pub(super) use line::first_word;
pub(super) use optional_value::separate_value;

use super::Everywhere;
use crate::{
    diag::{Terminal, USAGE, escaped, exit},
    endpoint::NotAnEndpoint,
    system::stdout,
};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::{error::Error as _, ffi::OsString, slice};

/// A command line that cannot be carried out, or the request of help or of the version.
#[derive(Debug)]
pub(crate) enum UsageError {
    Parser(Box<clap::Error>),
    /// A message and a hint.
    Advised(String, String),
}

impl From<clap::Error> for UsageError {
    fn from(error: clap::Error) -> Self {
        Self::Parser(Box::new(error))
    }
}

/// Returns the hint that names the help of the command at hand.
pub(crate) fn help_hint(args: &[OsString]) -> String {
    match line::command(args) {
        Some(command) => format!("see `lsock {command} --help`"),
        None => "see `lsock --help`".to_owned(),
    }
}

/// Prints the requested help or version, or the error of the command line.
pub(crate) fn usage(error: &UsageError, args: &[OsString]) -> i32 {
    let terminal = Terminal::new(Everywhere::scan(args).messages());
    let help = help_hint(args);
    let (message, hint) = match error {
        UsageError::Advised(message, hint) => (message.clone(), Some(hint.clone())),
        UsageError::Parser(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                return match stdout::print_with(|| error.print()) {
                    Err(failure) => exit(&failure, terminal, &help),
                    Ok(()) => 0,
                };
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if terminal.is_for_people() => {
                let _ = error.print();
                return USAGE;
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                ("a command is missing".to_owned(), Some(help))
            }
            _ => (message(error), hint(error, args, help)),
        },
    };
    // Both contain words as they were typed.
    terminal.error(&escaped(&message), hint.as_deref().map(escaped).as_deref());
    USAGE
}

/// Returns the message of clap in one line, without its heading, usage and tips.
fn message(error: &clap::Error) -> String {
    if let Some(error) = endpoint_error(error) {
        return error.to_string();
    }
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| {
        let line = line.trim_start();
        !["Usage:", "tip:", "For more information"].iter().any(|start| line.starts_with(start))
    });
    let words: Vec<&str> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = words.join(" ");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

/// Returns the error of an endpoint, which has a message and a hint of its own.
fn endpoint_error(error: &clap::Error) -> Option<&NotAnEndpoint> {
    error.source()?.downcast_ref()
}

fn hint(error: &clap::Error, args: &[OsString], help: String) -> Option<String> {
    if let Some(error) = endpoint_error(error) {
        return endpoint::hint(error, args, help);
    }
    let words = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => slice::from_ref(word),
        Some(ContextValue::Strings(words)) => words,
        _ => &[],
    };
    let context = |kind| words(kind).first().map(String::as_str);
    let command = line::command(args);
    let habit = match (error.kind(), command) {
        (ErrorKind::InvalidSubcommand, _) | (ErrorKind::UnknownArgument, None) => {
            habit::command(args)
        }
        (ErrorKind::UnknownArgument, Some(command)) => {
            let option = context(ContextKind::InvalidArg).unwrap_or_default();
            habit::option(&command, option).map(str::to_owned)
        }
        _ => None,
    };
    let near = || {
        let pairs = [
            (ContextKind::InvalidArg, ContextKind::SuggestedArg),
            (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
            (ContextKind::InvalidValue, ContextKind::SuggestedValue),
        ];
        let (_, word) = pairs
            .iter()
            .filter_map(|(wrong, suggested)| {
                let wrong = context(*wrong)?;
                Some((wrong, nearest(wrong, words(*suggested))?))
            })
            .find(|(wrong, suggested)| is_near(wrong, suggested))?;
        Some(format!("did you mean `{word}`?"))
    };
    Some(habit.or_else(near).unwrap_or(help))
}

/// Returns the word that needs the fewest changes.
fn nearest<'w>(wrong: &str, words: &'w [String]) -> Option<&'w str> {
    let distance = |word: &&String| strsim::damerau_levenshtein(wrong, word);
    words.iter().min_by_key(distance).map(String::as_str)
}

/// Returns whether a wrong word can stand for another one: as its beginning, or with one mistake for
/// every three letters. The measure of clap is too coarse: it suggests `--buffer` for `--user`.
pub(super) fn is_near(wrong: &str, meant: &str) -> bool {
    let [wrong, meant] = [wrong, meant].map(|word| word.trim_start_matches('-').to_lowercase());
    let length = wrong.chars().count();
    let is_beginning = length >= 3 && meant.starts_with(&wrong);
    is_beginning || strsim::damerau_levenshtein(&wrong, &meant) <= (length / 3).max(1)
}

#[cfg(test)]
mod tests;
