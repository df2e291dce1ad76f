use super::super::Output;
use std::{
    fs::{File, Permissions},
    io::{self, stdout},
    os::windows::io::{AsHandle, AsRawHandle},
    path::Path,
};

pub(in super::super) use lsock_startup::close_stdout;

impl Output {
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
