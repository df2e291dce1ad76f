//! The words of a command line that could not be parsed.

pub(super) use crate::diag::quoted;

use crate::cli::{Everywhere, definition, help};
use clap::{Args as _, error::ErrorKind};
use std::ffi::OsString;

/// Options before the command that have a value.
pub(super) const WITH_VALUE: [&str; 2] = ["--log-format", "--color"];

/// Returns the index of the first word that is no option, nor the value of one.
pub(in crate::cli) fn first_word(args: &[OsString]) -> Option<usize> {
    let mut is_value = false;
    let is_word = |arg: &OsString| {
        let was_value = std::mem::take(&mut is_value);
        is_value = !was_value && WITH_VALUE.iter().any(|option| arg == option);
        !was_value && !arg.as_encoded_bytes().starts_with(b"-")
    };
    args.iter().skip(1).position(is_word).map(|index| index + 1)
}

/// Returns the number of words before the first word if they are options of lsock, and 0 if one of
/// them is not.
pub(super) fn own_options(args: &[OsString]) -> usize {
    let before = first_word(args).map_or(&[][..], |first| &args[1..first]);
    let options = Everywhere::augment_args(clap::Command::new("lsock").no_binary_name(true));
    if options.try_get_matches_from(before).is_ok() { before.len() } else { 0 }
}

/// Returns the name of the command at hand.
pub(super) fn command(args: &[OsString]) -> Option<String> {
    let word = args[first_word(args)?].to_str()?;
    let definition = definition();
    let command =
        definition.find_subcommand(word).filter(|command| command.get_name() != help::NAME)?;
    Some(command.get_name().to_owned())
}

/// Returns whether lsock takes the words of a line, without its own name.
pub(super) fn is_taken(words: &[String]) -> bool {
    let words = ["lsock"].into_iter().chain(words.iter().map(String::as_str));
    match definition().try_get_matches_from(words) {
        Ok(_) => true,
        Err(error) => matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion),
    }
}

/// Returns words as a line for a shell.
pub(super) fn joined<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| quoted(word.as_ref())).collect();
    words.join(" ")
}
