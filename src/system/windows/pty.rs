use crate::diag::Failure;
use std::{
    fmt::{self, Display, Formatter},
    io,
};

/// The size of the terminals of commands. There is no value of this type here: commands get pipes.
#[derive(Clone, Debug)]
pub(crate) enum WindowSize {}

impl WindowSize {
    pub(crate) const DESCRIPTORS: u64 = 0;

    /// Fails: commands get pipes.
    ///
    /// # Errors
    /// `Unsupported`.
    pub(crate) fn find() -> Result<Self, Failure> {
        Err(Failure::Unsupported { option: "--pty", why: "commands get pipes on Windows" })
    }

    pub(crate) fn follow(&mut self) -> io::Result<()> {
        match *self {}
    }
}

impl Display for WindowSize {
    fn fmt(&self, _: &mut Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
