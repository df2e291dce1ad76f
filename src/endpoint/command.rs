use crate::diag::{Failure, escaped};
use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    process,
};

/// A command and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    program: OsString,
    args: Vec<OsString>,
}

impl CommandLine {
    /// As the words after `--` say; `None` if there are none.
    pub(crate) fn new(words: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut words = words.into_iter();
        words.next().map(|program| Self { program, args: words.collect() })
    }

    /// The command, ready to be started.
    pub(crate) fn prepare(&self) -> process::Command {
        let mut command = process::Command::new(&self.program);
        command.args(&self.args);
        command
    }

    /// The error for a command that could not be started.
    pub(crate) fn failure(&self, error: std::io::Error) -> Failure {
        Failure::Command { command: self.to_string(), error }
    }
}

impl Display for CommandLine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.program.to_string_lossy()))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", escaped(&arg.to_string_lossy())))
    }
}

impl CommandLine {
    /// In words that a shell would split again, if they are text.
    pub(super) fn quoted(&self) -> String {
        let words =
            [&self.program].into_iter().chain(&self.args).map(|word| word.to_string_lossy());
        let words: Vec<_> = words.collect();
        // It fails for what no word can hold: a NUL.
        shlex::try_join(words.iter().map(|word| &**word)).unwrap_or_else(|_| self.to_string())
    }
}

/// What `listen` and `connect` join a connection to, for `--explain`.
pub(crate) fn joined_to(command: Option<&CommandLine>) -> String {
    command.map_or("stdin and stdout".to_owned(), |command| format!("the command `{command}`"))
}
