//! What only Linux has.

use crate::{ProcessFacts, ProcessScope, SocketOwners};
use std::{collections::HashMap, io};

/// Returns `Unsupported`.
///
/// # Errors
/// Always.
pub fn pending(_: u32) -> io::Result<Vec<u32>> {
    Err(io::ErrorKind::Unsupported.into())
}

impl SocketOwners {
    /// Returns no processes.
    #[must_use]
    pub fn find(_: ProcessScope, _: impl Fn(u32) -> bool) -> Self {
        Self { processes: HashMap::new(), is_complete: true }
    }
}

impl ProcessFacts {
    /// Returns `None`.
    #[must_use]
    pub fn with_pid(_: u32) -> Option<Self> {
        None
    }
}

/// Returns `Unsupported`: the system has no such table that is read.
///
/// # Errors
/// Always.
#[cfg(not(windows))]
pub fn visit(
    _: &[crate::EntryState],
    _: impl FnMut(crate::SocketEntry),
) -> io::Result<crate::TableSource> {
    Err(io::ErrorKind::Unsupported.into())
}
