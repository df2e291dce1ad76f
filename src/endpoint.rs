//! What a connection is joined to. A description is read from the command line; opening
//! it is another thing.

use crate::{
    diag::{Failure, escaped},
    system::{Input, Output},
};
use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    process,
};

/// What a connection is joined to, described.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    /// Standard input and output.
    Stdio,
    /// A command.
    Command(Command),
}

impl Endpoint {
    /// As the words after `--` say.
    pub(crate) fn new(command: Vec<OsString>) -> Self {
        let mut words = command.into_iter();
        match words.next() {
            None => Self::Stdio,
            Some(program) => Self::Command(Command { program, args: words.collect() }),
        }
    }
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio => f.write_str("stdin and stdout"),
            Self::Command(command) => write!(f, "the command `{command}`"),
        }
    }
}

/// A command and its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    program: OsString,
    args: Vec<OsString>,
}

impl Command {
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

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.program.to_string_lossy()))?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", escaped(&arg.to_string_lossy())))
    }
}

/// Opens standard input and output.
pub(crate) fn open_stdio() -> Result<(Input, Output), Failure> {
    let input =
        Input::stdin().map_err(|error| Failure::Io { what: "cannot use standard input", error })?;
    let output = Output::stdout()
        .map_err(|error| Failure::Io { what: "cannot use standard output", error })?;
    Ok((input, output))
}
