use std::{
    fs::File,
    io::{self, Write, stdout},
    os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle},
    process::ChildStdin,
    ptr,
};
use windows_sys::Win32::System::Console::{STD_OUTPUT_HANDLE, SetStdHandle};

/// Where bytes that were received go: standard output, or a command's input.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    is_stdout: bool,
}

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        let handle = stdout().as_handle().try_clone_to_owned()?;
        Ok(Self { file: handle.into(), is_stdout: true })
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, is_stdout: self.is_stdout })
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
        (&self.file).write(bytes)
    }

    /// Writing never would block.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems wait")]
    pub(crate) fn wait_writable(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Closes the process's own handle of standard output. What would be written to it from
/// then on goes nowhere.
#[expect(unsafe_code, reason = "std can neither close nor replace standard output")]
fn close_stdout() -> io::Result<()> {
    let handle = stdout().as_raw_handle();
    if handle.is_null() {
        return Ok(());
    }
    // SAFETY: a number and a null pointer, which stands for no standard output.
    if unsafe { SetStdHandle(STD_OUTPUT_HANDLE, ptr::null_mut()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: nobody finds the handle any more, and it was the process's to close. The
    // results of a transfer go through duplicates of it; nothing else is written to
    // standard output during one.
    drop(unsafe { OwnedHandle::from_raw_handle(handle) });
    Ok(())
}

impl From<ChildStdin> for Output {
    fn from(stdin: ChildStdin) -> Self {
        Self { file: OwnedHandle::from(stdin).into(), is_stdout: false }
    }
}
