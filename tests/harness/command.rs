use super::{Outcome, Running};
use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// A command to be run. Without more it has no input, and its output is collected.
pub(crate) struct Cmd {
    pub(super) command: Command,
    pub(super) text: String,
    pub(super) input: Input,
    pub(super) output: Output,
}

pub(super) enum Input {
    Bytes(Vec<u8>),
    Open,
    Given,
}

pub(super) enum Output {
    Collected,
    Unread,
    Given,
}

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        // Nothing of the environment in which the tests run changes what is tested.
        for variable in ["LSOCK_LOG", "NO_COLOR", "NOTIFY_SOCKET", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(variable);
        }
        let text = Path::new(program).file_stem().unwrap_or(program).to_string_lossy().into_owned();
        Self { command, text, input: Input::Given, output: Output::Collected }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.text.push(' ');
        self.text.push_str(&format!("{:?}", arg.as_ref()));
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it these bytes, and then the end of file.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// Gives it a pipe that stays open.
    pub(crate) fn open_input(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    pub(crate) fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.output = Output::Given;
        self.command.stdout(stdout);
        self
    }

    /// Gives it a pipe that is not read before the test does so.
    pub(crate) fn unread_output(mut self) -> Self {
        self.output = Output::Unread;
        self
    }

    /// Runs it as another user.
    #[cfg(unix)]
    pub(crate) fn user(mut self, id: u32) -> Self {
        use std::os::unix::process::CommandExt;
        self.text.push_str(&format!(" (as user {id})"));
        self.command.uid(id).gid(id);
        self
    }

    #[track_caller]
    pub(crate) fn start(self) -> Running {
        Running::start(self)
    }

    /// Starts a listener, and waits until clients can connect to it.
    #[track_caller]
    pub(crate) fn start_listening(self) -> Running {
        let running = self.start();
        running.wait_for_message("listening on ");
        running
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        self.start().end()
    }
}
