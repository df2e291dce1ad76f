use super::imp::output as imp;
use std::{fs::File, io};

pub(crate) use imp::{FileIdentity, is_stdout, open_private, usual_permissions};

/// Standard output, where received bytes are written.
///
/// Other programs may share the descriptor, so it is never made non-blocking.
#[derive(Debug)]
pub(crate) struct Output {
    pub(super) file: File,
    pub(super) kind: imp::OutputKind,
    /// Whether standard output was closed when the process started: every write fails.
    is_closed: bool,
}

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        let file = imp::duplicate_stdout()?;
        let kind = imp::OutputKind::of_stdout(&file)?;
        Ok(Self { file, kind, is_closed: imp::stdout_was_closed() })
    }

    #[cfg(test)]
    pub(crate) fn from_file(file: File) -> Self {
        Self { kind: imp::OutputKind::of(&file), file, is_closed: false }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let Self { file, kind, is_closed } = self;
        Ok(Self { file: file.try_clone()?, kind: kind.clone(), is_closed: *is_closed })
    }

    /// Ends the output: its reader gets the end of file. `continues` is whether this process
    /// continues; otherwise the end of the process closes the output.
    pub(crate) fn end(self, continues: bool) -> io::Result<()> {
        self.shut_down()?;
        if continues { imp::close_stdout() } else { Ok(()) }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed && !bytes.is_empty() {
            return Err(stdout_is_closed());
        }
        self.kind.write(&self.file, bytes)
    }
}

/// Fails if standard output was closed when the process started.
pub(crate) fn check_stdout() -> io::Result<()> {
    if imp::stdout_was_closed() { Err(stdout_is_closed()) } else { Ok(()) }
}

fn stdout_is_closed() -> io::Error {
    io::Error::other("standard output is closed")
}
