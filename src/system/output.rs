use super::imp::output as imp;
use std::{
    fs::File,
    io::{self, Write},
    process::ChildStdin,
};

pub(crate) use imp::{is_stdout, usual_permissions};

/// Where received bytes are written: standard output, or the input of a command.
///
/// Other programs may share the descriptor, so it is never made non-blocking.
#[derive(Debug)]
pub(crate) struct Output {
    pub(super) file: File,
    is_stdout: bool,
    /// Whether standard output was closed when the process started: every write fails.
    is_closed: bool,
}

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        let is_closed = imp::stdout_was_closed();
        Ok(Self { file: imp::duplicate_stdout()?, is_stdout: true, is_closed })
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, ..*self })
    }

    /// Returns whether this is the input of a command, which may stop reading at any time.
    pub(crate) fn is_command(&self) -> bool {
        !self.is_stdout
    }

    /// Closes the output, so that its reader gets the end of file while this process continues.
    pub(crate) fn close(self) -> io::Result<()> {
        if self.is_stdout { imp::close_stdout() } else { Ok(()) }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed && !bytes.is_empty() {
            return Err(stdout_is_closed());
        }
        (&self.file).write(bytes)
    }
}

/// Fails if standard output was closed when the process started.
pub(crate) fn check_stdout() -> io::Result<()> {
    if imp::stdout_was_closed() { Err(stdout_is_closed()) } else { Ok(()) }
}

fn stdout_is_closed() -> io::Error {
    io::Error::other("standard output is closed")
}

impl From<ChildStdin> for Output {
    fn from(stdin: ChildStdin) -> Self {
        Self { file: imp::file(stdin), is_stdout: false, is_closed: false }
    }
}
