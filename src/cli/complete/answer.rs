//! The answer to a shell's script.

use super::{
    candidates::{Candidate, add_commands, add_options},
    command_line::BashLine,
    position::{CursorPosition, WordAtCursor},
    values::add_values,
};
use clap::Command;

/// What the shell itself completes, besides the candidates.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShellAction {
    Nothing,
    Files,
    Folders,
    /// Paths of sockets.
    Sockets,
    /// The command after `--`.
    Command,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct CompletionAnswer {
    pub(super) action: ShellAction,
    /// The part of the word before the value that the shell completes.
    pub(super) prefix: String,
    pub(super) candidates: Vec<Candidate>,
}

impl CompletionAnswer {
    /// Returns what the last word can be. `shell_finds_sockets`: see `AnswerForm`.
    pub(super) fn of(root: &Command, words: &[String], shell_finds_sockets: bool) -> Self {
        let position = CursorPosition::find(root, words);
        let word = words.last().map(String::as_str).unwrap_or_default();
        let mut answer =
            Self { action: ShellAction::Nothing, prefix: String::new(), candidates: Vec::new() };
        match position.word {
            WordAtCursor::Command => add_commands(root, word, &mut answer.candidates),
            WordAtCursor::Option => add_options(&position, word, &mut answer.candidates),
            WordAtCursor::Value(arg, start) => {
                answer.prefix = word[..start].to_owned();
                add_values(position.command, arg, &word[start..], shell_finds_sockets, &mut answer);
                for candidate in &mut answer.candidates {
                    candidate.value.insert_str(0, &word[..start]);
                }
            }
            WordAtCursor::OtherCommand => answer.action = ShellAction::Command,
            WordAtCursor::Nothing => {}
        }
        // A line stands for a candidate.
        answer.candidates.retain(|candidate| !candidate.value.contains(['\n', '\t']));
        answer
    }

    /// Returns the lines for bash: candidates without descriptions. The first line says whether no
    /// space follows the only candidate.
    pub(super) fn for_bash(&self, line: &BashLine, replaced: &str) -> String {
        let is_beginning = matches!(&self.candidates[..], [only] if only.is_beginning());
        let mut text =
            format!("{}{}\n", self.action.word(), if is_beginning { " nospace" } else { "" });
        for candidate in &self.candidates {
            text.push_str(&line.completed(&candidate.value, replaced));
            text.push('\n');
        }
        text
    }

    /// Returns the lines for other shells.
    pub(super) fn described(&self) -> String {
        let mut text = format!("{}\t{}\n", self.action.word(), self.prefix);
        for Candidate { value, help } in &self.candidates {
            text.push_str(&format!("{value}\t{help}\n"));
        }
        text
    }
}

impl ShellAction {
    fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Files => "files",
            Self::Folders => "folders",
            Self::Sockets => "sockets",
            Self::Command => "command",
        }
    }
}
