use std::{io, path::Path};

/// A watched folder. There are no socket files to watch here.
#[derive(Debug)]
pub(crate) enum FolderWatch {}

impl FolderWatch {
    /// Fails.
    pub(crate) fn of_file(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[expect(clippy::unused_async, reason = "as on Unix")]
    pub(crate) async fn changed(&self) -> io::Result<()> {
        match *self {}
    }
}
