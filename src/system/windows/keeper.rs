//! No command that needs such a process is available here.

use std::{ffi::OsString, io};

/// A process that does the work of this one and can outlive it.
#[derive(Debug)]
pub(crate) enum Keeper {}

/// Asks the process to end its work.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "there is no process to ask")]
pub(crate) struct KeeperRelease;

/// The connection of a [`Keeper`] to the process that has started it.
#[derive(Debug)]
pub(crate) enum Lifeline {}

impl Keeper {
    /// Fails.
    pub(crate) fn start(_: impl IntoIterator<Item = OsString>) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn release(&self) -> KeeperRelease {
        match *self {}
    }

    pub(crate) fn wait_until_released(&self) -> bool {
        match *self {}
    }

    pub(crate) fn status(self) -> io::Result<i32> {
        match self {}
    }
}

impl KeeperRelease {
    #[expect(clippy::unused_self, reason = "as on Unix")]
    pub(crate) fn ask(&self) {}
}

impl Lifeline {
    /// Fails.
    pub(crate) fn of_keeper() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[expect(clippy::unused_async, reason = "as on Unix")]
    pub(crate) async fn released(&self) {
        match *self {}
    }

    pub(crate) fn report(&self) {
        match *self {}
    }
}
