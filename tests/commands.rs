//! `listen -- COMMAND` and `connect -- COMMAND`.

mod limits;
mod process;
mod serving;
mod status;

/// Without options the command gets the socket itself; with a buffer size lsock copies the
/// bytes.
pub(crate) const MODES: [&[&str]; 2] = [&[], &["--buffer", "64K"]];
