//! Commands (`exec:COMMAND`, or the words after `--`).

use crate::{
    diag::{Failure, escaped},
    system::command,
};
use local_socket::Platform;
use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    process,
};

pub(super) const PREFIX: &str = "exec:";

/// The reason to refuse characters that only a shell understands.
const NO_SHELL: &str = match Platform::CURRENT {
    Platform::Windows => {
        "it is run without a shell: quote the characters, or use `-- cmd /c COMMAND`"
    }
    _ => "it is run without a shell: quote the characters, or use `-- sh -c 'COMMAND'`",
};

/// A command and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    program: OsString,
    args: Vec<OsString>,
}

impl CommandLine {
    /// Returns the command of these words; `None` if there are none.
    pub(crate) fn new(words: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut words = words.into_iter();
        words.next().map(|program| Self { program, args: words.collect() })
    }

    /// Splits a line into words as a shell does.
    pub(super) fn parse(rest: Option<&str>) -> Result<Self, &'static str> {
        let line = rest.ok_or("it is not UTF-8; a command of any bytes can follow `--`")?;
        if needs_shell(line) {
            return Err(NO_SHELL);
        }
        let words = shlex::split(line).ok_or("a quote is not closed")?;
        Self::new(words.into_iter().map(OsString::from)).ok_or("it takes a command")
    }

    /// Checks that the system can find and execute the program, so that a wrong word is an error
    /// before anything is opened.
    ///
    /// # Errors
    /// `Program` if it cannot.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        command::check_program(&self.program).map_err(|error| {
            let is_one_word = self.args.is_empty()
                && error.kind() == ErrorKind::NotFound
                && self.program.to_string_lossy().contains(char::is_whitespace);
            Failure::Program { command: self.to_string(), error, is_one_word }
        })
    }

    /// Returns the command, ready to be started.
    pub(crate) fn prepare(&self) -> process::Command {
        let mut command = process::Command::new(&self.program);
        command.args(&self.args);
        command
    }

    /// Returns the error of a command that could not be started.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        Failure::Command { command: self.to_string(), error }
    }

    /// Returns a line that [`parse`](Self::parse) splits into the same words, if they are UTF-8.
    pub(crate) fn quoted(&self) -> String {
        let words: Vec<_> = self.words().map(|word| word.to_string_lossy()).collect();
        // It fails for a word with a NUL, which no argument can contain.
        shlex::try_join(words.iter().map(|word| &**word)).unwrap_or_else(|_| self.to_string())
    }

    fn words(&self) -> impl Iterator<Item = &OsString> {
        [&self.program].into_iter().chain(&self.args)
    }
}

/// Returns whether a line has a character outside of quotes that only a shell understands.
pub(super) fn needs_shell(line: &str) -> bool {
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => drop(chars.next()),
            (None, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?') => return true,
            _ => {}
        }
    }
    false
}

impl Display for CommandLine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.words().map(|word| escaped(&word.to_string_lossy())).collect();
        f.write_str(&words.join(" "))
    }
}

/// Describes the target of connections for `--explain`: the command, or the standard streams.
pub(crate) fn joined_to(command: Option<&CommandLine>) -> String {
    command.map_or("stdin and stdout".to_owned(), |command| format!("the command `{command}`"))
}
