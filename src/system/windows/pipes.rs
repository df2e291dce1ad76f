//! Plain pipes, also as the standard streams of a child process. There are no socket pairs.

use local_socket::Stream;
use lsock_startup::close_stdout;
use std::{
    io::{self, ErrorKind, PipeReader, PipeWriter, stdin, stdout},
    os::windows::io::AsHandle,
    process::Stdio,
};
use tokio::io::{Empty, Sink};

/// Takes standard input and output, which are pipes. Closing the result is then the end of file for
/// the other process.
pub(crate) fn standard_pipes() -> io::Result<(PipeReader, PipeWriter)> {
    let input = stdin().as_handle().try_clone_to_owned()?;
    let output = stdout().as_handle().try_clone_to_owned()?;
    close_stdout()?;
    Ok((input.into(), output.into()))
}

pub(crate) fn standard_socket() -> io::Result<Stream> {
    Err(ErrorKind::Unsupported.into())
}

/// Fails with `Unsupported`: an event loop cannot wait for plain pipes.
pub(crate) fn for_event_loop(_: PipeReader, _: PipeWriter) -> io::Result<(Empty, Sink)> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn socket_as_stdio(_: Stream) -> io::Result<Stdio> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn socket_for_event_loop(_: Stream) -> io::Result<local_socket::tokio::Stream> {
    Err(ErrorKind::Unsupported.into())
}
