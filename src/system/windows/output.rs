use lsock_startup::close_stdout;
use std::{
    fs::{File, Permissions},
    io::{self, Write, stdout},
    os::windows::io::{AsHandle, AsRawHandle, OwnedHandle},
    path::Path,
};

/// Standard output, where received bytes go.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    /// Standard output that was closed from the start: every write fails.
    is_closed: bool,
}

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        let is_closed = check_stdout().is_err();
        let handle = stdout().as_handle().try_clone_to_owned()?;
        Ok(Self { is_closed, ..Self::from_file(handle.into()) })
    }

    pub(crate) fn from_file(file: File) -> Self {
        Self { file, is_closed: false }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, ..*self })
    }

    /// Closes it, so that whoever reads it sees the end of file although this process
    /// goes on.
    pub(crate) fn close(self) -> io::Result<()> {
        close_stdout()
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed && !bytes.is_empty() {
            return Err(super::super::stdout_is_closed());
        }
        (&self.file).write(bytes)
    }

    /// Returns that a write is not limited: whether it has to wait cannot be found out.
    #[expect(clippy::unused_self, reason = "other systems tell")]
    pub(crate) fn room(&self) -> usize {
        usize::MAX
    }

    /// Writing never would block.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems wait")]
    pub(crate) fn wait_writable(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails if the process has no standard output: what is printed then goes nowhere.
pub(crate) fn check_stdout() -> io::Result<()> {
    if stdout().as_raw_handle().is_null() {
        return Err(super::super::stdout_is_closed());
    }
    Ok(())
}

/// A file gets those of its folder by itself.
pub(crate) fn usual_permissions() -> Option<Permissions> {
    None
}

/// Whether a file of that name is what standard output goes to: that has no name here.
pub(crate) fn is_stdout(_: &Path) -> bool {
    false
}
