//! The baseline of lsock: only `splice(2)` in a loop, with blocking descriptors, as the parts of a
//! pipeline and as a relay.

use anyhow::{Context as _, Result};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use std::{
    io,
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    thread,
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

/// Splices from socket to socket through a pipe, with a thread for each direction.
pub(super) fn relay(path: &Path, target: &Path) -> Result<()> {
    for client in UnixListener::bind(path)?.incoming() {
        let client = client?;
        let server = UnixStream::connect(target)?;
        let back = (server.try_clone()?, client.try_clone()?);
        // The error of a connection ends only its own thread.
        thread::spawn(move || direction(&client, &server));
        thread::spawn(move || direction(&back.0, &back.1));
    }
    Ok(())
}

fn direction(from: &UnixStream, to: &UnixStream) -> Result<()> {
    let (reader, writer) = large_pipe()?;
    loop {
        let mut left = splice(from, None, &writer, None, SIZE, SpliceFlags::empty())?;
        if left == 0 {
            to.shutdown(Shutdown::Write)?;
            return Ok(());
        }
        while left > 0 {
            left -= splice(&reader, None, to, None, left, SpliceFlags::empty())?;
        }
    }
}
