use super::{super::Output, standard_stream::StandardWriter};
use lsock_startup::{FileNumbers, HalfClose, HandleKind, stderr_kind, stdin_kind, stdout_kind};
use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, stderr, stdin, stdout},
    os::windows::{
        fs::OpenOptionsExt,
        io::{AsHandle, BorrowedHandle},
    },
    path::Path,
};

pub(in super::super) use lsock_startup::close_stdout;

/// How standard output is written, and how it ends.
#[derive(Clone, Debug)]
pub(in super::super) struct OutputKind {
    writer: StandardWriter,
    half_close: Option<HalfClose>,
}

impl OutputKind {
    /// Returns the kind of standard output, of which the file is a duplicate.
    pub(in super::super) fn of_stdout(file: &File) -> io::Result<Self> {
        let kind = stdout_kind().unwrap_or(HandleKind::File);
        Ok(Self { writer: StandardWriter::new(kind, file)?, half_close: half_close() })
    }

    /// Returns the kind of a regular file.
    #[cfg(test)]
    pub(in super::super) fn of(_: &File) -> Self {
        Self { writer: StandardWriter::File, half_close: None }
    }

    pub(in super::super) fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(file, bytes)
    }
}

/// Returns how the end of file is sent through standard output while its handle stays open, because
/// standard input is the same pipe or socket.
///
/// It is not sent if standard error is such a handle and standard input is not: it belongs to a log
/// then, and other processes can write to it.
pub(super) fn half_close() -> Option<HalfClose> {
    let way = HalfClose::of(stdout().as_handle(), stdout_kind()?)?;
    let of_input = stdin_kind().and_then(|kind| HalfClose::of(stdin().as_handle(), kind));
    let of_errors = || stderr_kind().and_then(|kind| HalfClose::of(stderr().as_handle(), kind));
    (of_input == Some(way) || of_errors() != Some(way)).then_some(way)
}

impl Output {
    /// Returns `false`: the system does not report that the reader of an output has closed.
    #[expect(clippy::unused_self, reason = "other systems report it")]
    pub(crate) fn has_reader(&self) -> bool {
        false
    }

    /// Never returns: the system does not report it.
    pub(crate) async fn reader_gone(&self) -> io::Result<()> {
        std::future::pending().await
    }

    /// Sends the end of file if closing the output does not: while standard input is the same pipe
    /// or socket. Any other pipe ends when its last handle is closed.
    pub(in super::super) fn shut_down(&self) -> io::Result<()> {
        match self.kind.half_close {
            None => Ok(()),
            Some(way) => way.send(self.file.as_handle()),
        }
    }

    /// Returns `usize::MAX`: the system does not report whether a write would block.
    #[expect(clippy::unused_self, reason = "other systems report it")]
    pub(crate) fn room(&self) -> usize {
        usize::MAX
    }

    /// Returns at once: handles are never non-blocking.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems wait")]
    pub(crate) fn wait_writable(&self) -> io::Result<()> {
        Ok(())
    }
}

pub(in super::super) fn stdout_was_closed() -> bool {
    stdout_kind().is_none()
}

pub(in super::super) fn duplicate_stdout() -> io::Result<File> {
    if stdout_was_closed() {
        return OpenOptions::new().write(true).open("NUL");
    }
    Ok(stdout().as_handle().try_clone_to_owned()?.into())
}

/// What identifies a file, whatever its path. What is no file has none, such as a console, a pipe or
/// the null device.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity(FileNumbers);

impl FileIdentity {
    pub(crate) fn of_file(file: &File) -> Option<Self> {
        FileNumbers::of(file.as_handle()).map(Self)
    }

    /// Returns that of the file at a path; `None` if there is none.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        // Opening a pipe would connect to it.
        if path.to_string_lossy().replace('/', r"\").starts_with(r"\\.\") {
            return None;
        }
        let open =
            OpenOptions::new().access_mode(0).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path);
        Self::of_file(&open.ok()?)
    }

    /// Returns those of standard input, output and error.
    pub(crate) fn of_standard_streams() -> [Option<Self>; 3] {
        let of = |handle: BorrowedHandle<'_>| FileNumbers::of(handle).map(Self);
        [of(stdin().as_handle()), of(stdout().as_handle()), of(stderr().as_handle())]
    }
}

/// Folders are opened only with this flag (`CreateFileW`).
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// Returns `None`: a new file inherits the permissions of its folder.
pub(crate) fn usual_permissions() -> Option<Permissions> {
    None
}

/// Returns `false`: standard output has no path.
pub(crate) fn is_stdout(_: &Path) -> bool {
    false
}

/// Opens a file for writing, which inherits the permissions of its folder. What it contains stays.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}
