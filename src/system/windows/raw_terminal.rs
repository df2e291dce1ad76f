use super::{super::LeaveKey, input::Input};
use crate::diag::{self, Failure};
use std::io;

/// A console in raw mode. There is no value of this type here: consoles are read line by line.
#[derive(Debug)]
pub(crate) enum RawTerminal {}

impl RawTerminal {
    /// Fails: consoles are read line by line.
    ///
    /// # Errors
    /// `Unsupported`.
    pub(crate) fn check() -> Result<(), Failure> {
        Err(Failure::Unsupported {
            option: "--raw",
            why: "consoles of Windows are read line by line",
        })
    }

    /// Fails with `Unsupported`.
    pub(crate) fn open(_: LeaveKey) -> io::Result<(Self, Input)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn begin(&self) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn was_left(&self) -> bool {
        match *self {}
    }

    pub(crate) fn key(&self) -> LeaveKey {
        match *self {}
    }
}

/// Returns `false`: there is no raw mode, so that lines end as usual.
pub(crate) fn restore() -> bool {
    diag::lines_of_raw_terminal(false);
    false
}
