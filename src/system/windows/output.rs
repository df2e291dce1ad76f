use lsock_startup::close_stdout;
use std::{
    fs::{File, Permissions},
    io::{self, Write, stdout},
    os::windows::io::{AsHandle, AsRawHandle, OwnedHandle},
    path::Path,
    process::ChildStdin,
};

/// Where bytes that were received go: standard output, or a command's input.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    is_stdout: bool,
    /// Standard output that was closed from the start: every write fails.
    is_closed: bool,
}

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        let is_closed = check_stdout().is_err();
        let handle = stdout().as_handle().try_clone_to_owned()?;
        Ok(Self { file: handle.into(), is_stdout: true, is_closed })
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, ..*self })
    }

    /// Whether this is a command's input: a command may stop reading whenever it likes.
    pub(crate) fn is_command(&self) -> bool {
        !self.is_stdout
    }

    /// Closes it, so that whoever reads it sees the end of file although this process
    /// goes on.
    pub(crate) fn close(self) -> io::Result<()> {
        if self.is_stdout { close_stdout() } else { Ok(()) }
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

impl From<ChildStdin> for Output {
    fn from(stdin: ChildStdin) -> Self {
        Self { file: OwnedHandle::from(stdin).into(), is_stdout: false, is_closed: false }
    }
}
