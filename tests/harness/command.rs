use super::{Outcome, Running, outcome::Journal};
use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// A command to run. By default its input is empty and its output is collected.
pub(crate) struct Cmd {
    pub(super) command: Command,
    /// For the messages of failed tests.
    pub(super) command_line: String,
    pub(super) journal: Journal,
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
    pub(super) fn new(program: &OsStr, folder: &Path, journal: &Journal) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        // Variables of the environment that would change the behaviour of lsock.
        for variable in ["LSOCK_LOG", "NO_COLOR", "NOTIFY_SOCKET", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(variable);
        }
        let name = Path::new(program).file_stem().unwrap_or(program);
        Self {
            command,
            command_line: name.to_string_lossy().into_owned(),
            journal: journal.clone(),
            input: Input::Given,
            output: Output::Collected,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command_line.push(' ');
        self.command_line.push_str(&format!("{:?}", arg.as_ref()));
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

    /// Sets the input to these bytes, followed by the end of file.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// Sets the input to a pipe that stays open.
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

    /// Sets the output to a pipe that only the test reads.
    pub(crate) fn unread_output(mut self) -> Self {
        self.output = Output::Unread;
        self
    }

    /// Runs the command as another user.
    #[cfg(unix)]
    pub(crate) fn user(mut self, id: u32) -> Self {
        use std::os::unix::process::CommandExt;
        self.command_line.push_str(&format!(" (as user {id})"));
        self.command.uid(id).gid(id);
        self
    }

    #[track_caller]
    pub(crate) fn start(self) -> Running {
        Running::start(self)
    }

    /// Starts a server and waits until clients can connect.
    #[track_caller]
    pub(crate) fn start_listening(self) -> Running {
        let running = self.start();
        running.wait_for_message("listening on ");
        running
    }

    /// Runs the command to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        self.start().end()
    }
}
