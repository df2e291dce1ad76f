use super::super::Output;
use std::{
    fs::{File, Permissions},
    io::{self, stdout},
    os::windows::io::{AsHandle, AsRawHandle},
    path::Path,
};

pub(in super::super) use lsock_startup::close_stdout;

/// The kind of file that standard output is, which makes no difference on this system.
#[derive(Copy, Clone, Debug)]
pub(in super::super) struct OutputKind;

impl OutputKind {
    pub(in super::super) fn of(_: &File) -> Self {
        Self
    }
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

    /// Does nothing: a pipe ends when its last handle is closed.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems have sockets")]
    pub(in super::super) fn shut_down(&self) -> io::Result<()> {
        Ok(())
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
    stdout().as_raw_handle().is_null()
}

pub(in super::super) fn duplicate_stdout() -> io::Result<File> {
    Ok(stdout().as_handle().try_clone_to_owned()?.into())
}

/// Returns `None`: a new file inherits the permissions of its folder.
pub(crate) fn usual_permissions() -> Option<Permissions> {
    None
}

/// Returns `false`: standard output has no path.
pub(crate) fn is_stdout(_: &Path) -> bool {
    false
}
