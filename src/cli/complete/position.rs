//! What the word at the cursor is.

use clap::{Arg, ArgAction, Command};

/// What the word at the cursor is, by the words before it.
#[derive(Debug)]
pub(super) struct CursorPosition<'a> {
    /// The command at hand; lsock itself before its name.
    pub(super) command: &'a Command,
    pub(super) word: WordAtCursor<'a>,
    /// The options and names before the word.
    pub(super) given: Vec<&'a Arg>,
}

#[derive(Debug)]
pub(super) enum WordAtCursor<'a> {
    /// The name of a command.
    Command,
    Option,
    /// A value, after a part of the word with this length, such as that of `--over=`.
    Value(&'a Arg, usize),
    /// A word of a command of another program.
    OtherCommand,
    /// None of these: no word can stand there.
    Nothing,
}

impl<'a> CursorPosition<'a> {
    /// Finds the position of the last word. The first word is the name of the program.
    pub(super) fn find(root: &'a Command, words: &[String]) -> Self {
        let mut at = Self { command: root, word: WordAtCursor::Nothing, given: Vec::new() };
        let [_, before @ .., word] = words else { return at };
        let mut values_of: Option<&Arg> = None;
        let mut has_options_ended = false;
        for word in before {
            let is_option = word.starts_with('-') && word.len() > 1;
            if let Some(arg) = values_of.filter(|arg| !is_option || !takes_several(arg)) {
                values_of = values_of.filter(|_| takes_several(arg));
            } else if has_options_ended || !is_option {
                if at.is_before_command() {
                    // Nothing is known of another word.
                    let Some(command) = at.command.find_subcommand(word) else { return at };
                    at.command = command;
                } else {
                    at.given.extend(at.next_positional());
                }
            } else if word == "--" {
                if at.command.get_positionals().any(Arg::is_last_set) {
                    at.word = WordAtCursor::OtherCommand;
                    return at;
                }
                has_options_ended = true;
                values_of = None;
            } else {
                values_of = at.add_option(word);
            }
        }
        at.word = at.at_cursor(word, values_of, has_options_ended);
        at
    }

    fn at_cursor(
        &self,
        word: &str,
        values_of: Option<&'a Arg>,
        no_option: bool,
    ) -> WordAtCursor<'a> {
        let is_option = word.starts_with('-');
        if let Some(arg) = values_of.filter(|arg| !is_option || !takes_several(arg)) {
            return WordAtCursor::Value(arg, 0);
        }
        if is_option && !no_option {
            let Some((name, _)) = word.split_once('=') else { return WordAtCursor::Option };
            return match self.long(name).filter(|arg| takes_value(arg)) {
                Some(arg) => WordAtCursor::Value(arg, name.len() + 1),
                None => WordAtCursor::Nothing,
            };
        }
        if self.is_before_command() {
            return WordAtCursor::Command;
        }
        match self.next_positional() {
            Some(arg) => WordAtCursor::Value(arg, 0),
            None if word.is_empty() => WordAtCursor::Option,
            None => WordAtCursor::Nothing,
        }
    }

    fn is_before_command(&self) -> bool {
        self.command.has_subcommands()
    }

    /// Adds an option, or several short ones in one word. Returns the option whose value follows.
    fn add_option(&mut self, word: &str) -> Option<&'a Arg> {
        if word.starts_with("--") {
            let arg = self.long(word.split('=').next()?)?;
            self.given.push(arg);
            let has_value = word.contains('=') || arg.is_require_equals_set();
            return (takes_value(arg) && !has_value).then_some(arg);
        }
        let mut letters = word.chars().skip(1);
        while let Some(letter) = letters.next() {
            let arg = self.options().find(|arg| arg.get_short() == Some(letter))?;
            self.given.push(arg);
            if takes_value(arg) {
                return letters.next().is_none().then_some(arg);
            }
        }
        None
    }

    /// Returns the option of a word such as `--over`.
    fn long(&self, word: &str) -> Option<&'a Arg> {
        let name = word.strip_prefix("--")?;
        self.options().find(|arg| arg.get_long() == Some(name))
    }

    /// Returns the options of the command at hand.
    pub(super) fn options(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        self.command.get_opts().chain(self.command.get_arguments().filter(|arg| !takes_value(arg)))
    }

    /// Returns the argument that a word without an option is.
    fn next_positional(&self) -> Option<&'a Arg> {
        let mut all = self.command.get_positionals().filter(|arg| !arg.is_last_set());
        all.find(|arg| takes_several(arg) || !self.is_given(arg))
    }

    /// Returns whether the argument is among the words before.
    pub(super) fn is_given(&self, arg: &Arg) -> bool {
        self.given.iter().any(|given| given.get_id() == arg.get_id())
    }
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// Returns whether an argument takes the words up to the next option.
fn takes_several(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|count| count.max_values() > 1)
}
