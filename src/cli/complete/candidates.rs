//! Candidates: commands and options.

use super::position::CursorPosition;
use clap::{Arg, ArgAction, Command, builder::StyledStr};

/// A text for the word at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) value: String,
    /// One line, or nothing.
    pub(super) help: String,
}

impl Candidate {
    pub(super) fn new(value: impl Into<String>, help: Option<&StyledStr>) -> Self {
        let help = help.map(ToString::to_string).unwrap_or_default();
        Self { value: value.into(), help: help.lines().next().unwrap_or_default().to_owned() }
    }

    /// Returns whether more has to follow in the same word.
    pub(super) fn is_beginning(&self) -> bool {
        self.value.ends_with(['/', ':', '='])
    }
}

/// Adds the commands of lsock.
pub(super) fn add_commands(root: &Command, word: &str, candidates: &mut Vec<Candidate>) {
    let commands = root.get_subcommands().filter(|command| !command.is_hide_set());
    let commands = commands.filter(|command| command.get_name().starts_with(word));
    candidates
        .extend(commands.map(|command| Candidate::new(command.get_name(), command.get_about())));
}

/// Adds the options that can still be given.
pub(super) fn add_options(
    position: &CursorPosition<'_>,
    word: &str,
    candidates: &mut Vec<Candidate>,
) {
    let is_left = |arg: &&Arg| {
        let is_repeatable = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
        !arg.is_hide_set() && (is_repeatable || !position.is_given(arg))
    };
    for option in position.options().filter(is_left) {
        let short = option.get_short().map(|letter| format!("-{letter}"));
        let long = option.get_long().map(|name| format!("--{name}"));
        // A short option that is typed is completed to itself, with a space.
        let typed = short.filter(|short| short == word);
        if let Some(name) = typed.or(long).filter(|name| name.starts_with(word)) {
            candidates.push(Candidate::new(name, option.get_help()));
        }
    }
    if position.command.get_positionals().any(Arg::is_last_set) && "--".starts_with(word) {
        candidates.push(Candidate { value: "--".to_owned(), help: "A command follows".to_owned() });
    }
}
