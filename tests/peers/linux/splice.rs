//! The limit of a pipeline: only `splice(2)` in a loop on each side, with blocking descriptors.

use anyhow::{Context as _, Result};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
};

/// Maximum number of bytes of one call, and the size of pipes.
pub(super) const SIZE: usize = 1 << 20;

/// Returns the reading and the writing end of a pipe of that size.
pub(super) fn large_pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).context("cannot make a pipe")?;
    fcntl_setpipe_size(&writer, SIZE).context("cannot make a pipe of 1 MiB")?;
    Ok((reader, writer))
}

/// Splices between a pipe and a socket until the end of file.
fn between(from: &impl AsFd, to: &impl AsFd) -> Result<()> {
    while splice(from, None, to, None, SIZE, SpliceFlags::empty())? > 0 {}
    Ok(())
}

/// Splices from stdin, a pipe, into a connection.
pub(super) fn connect(path: &Path) -> Result<()> {
    between(&io::stdin(), &UnixStream::connect(path)?)
}

/// Splices from the only client to stdout, a pipe.
pub(super) fn listen(path: &Path) -> Result<()> {
    let (stream, _) = UnixListener::bind(path)?.accept()?;
    between(&stream, &io::stdout())
}
