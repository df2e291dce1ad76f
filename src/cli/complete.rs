//! Completion in bash, zsh and fish. Their scripts pass the words of a command line to lsock, which
//! prints what can stand at the cursor: commands, options and values from the definition of the
//! command line, and live names from the system. Files and commands are left to the shell.

mod answer;
mod candidates;
mod command_line;
mod position;
mod script;
mod value_kind;
mod values;

pub(crate) use script::script;

use super::definition;
use answer::CompletionAnswer;
use command_line::BashLine;
use std::ffi::OsString;

/// A request of a shell's script. The last word is the one at the cursor, up to the cursor.
#[derive(Debug)]
pub(crate) struct CompletionRequest {
    words: Vec<String>,
    form: AnswerForm,
}

/// How candidates are printed.
#[derive(Debug)]
enum AnswerForm {
    /// Quoted, and without the part that bash does not replace.
    Bash { line: BashLine, replaced: String },
    /// Unquoted, each followed by a tab and its description. `shell_finds_sockets`: the shell itself
    /// completes paths of sockets.
    Described { shell_finds_sockets: bool },
}

impl CompletionRequest {
    /// Reads the arguments of lsock. Returns `None` if they are no request. `bash LINE REPLACED` has
    /// the line as it was typed, and the part of it that bash replaces; other shells pass unquoted
    /// words.
    pub(super) fn read(args: &[OsString]) -> Option<Self> {
        let [_, command, option, shell, rest @ ..] = args else { return None };
        if command != "completions" || option != "--words" {
            return None;
        }
        let mut words: Vec<String> =
            rest.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        match (shell.to_str()?, &mut words[..]) {
            ("bash", [line, replaced]) => {
                let (before, line) = BashLine::split(line);
                let words = before.into_iter().chain([line.value().to_owned()]).collect();
                let replaced = std::mem::take(replaced);
                Some(Self { words, form: AnswerForm::Bash { line, replaced } })
            }
            (shell @ ("zsh" | "fish"), [_, _, ..]) => Some(Self {
                words,
                form: AnswerForm::Described { shell_finds_sockets: shell == "zsh" },
            }),
            _ => None,
        }
    }

    /// Returns what the script reads: a line with the action and the part of the word before the
    /// value, then a line for each candidate.
    pub(crate) fn answer(&self) -> String {
        let mut definition = definition();
        definition.build();
        let shell_finds_sockets =
            matches!(self.form, AnswerForm::Described { shell_finds_sockets: true });
        let answer = CompletionAnswer::of(&definition, &self.words, shell_finds_sockets);
        match &self.form {
            AnswerForm::Bash { line, replaced } => answer.for_bash(line, replaced),
            AnswerForm::Described { .. } => answer.described(),
        }
    }
}
