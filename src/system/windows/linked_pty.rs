use super::socket::Detached;
use crate::{diag::Failure, system::ListenSettings};
use std::{io, path::Path, sync::Arc};

/// A terminal with a symbolic link. There is no value of this type here: Windows has no terminals that
/// programs can open by a path.
#[derive(Debug)]
pub(crate) enum LinkedPty {}

impl LinkedPty {
    /// Fails: Windows has no such terminals.
    ///
    /// # Errors
    /// `Unsupported`.
    pub(crate) fn new(_: &Path, _: &ListenSettings) -> Result<Self, Failure> {
        Err(Failure::Unsupported {
            option: "pty:LINK",
            why: "Windows has no terminals that programs can open by a path",
        })
    }

    pub(crate) fn open(&self) -> io::Result<()> {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "as on Unix")]
    pub(crate) async fn session(self: &Arc<Self>) -> io::Result<Detached> {
        match **self {}
    }

    pub(crate) fn remove_link(&self) {
        match *self {}
    }
}
