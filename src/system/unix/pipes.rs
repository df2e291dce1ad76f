//! Plain pipes and socket pairs, also as the standard streams of a child process.

use local_socket::Stream;
use std::{
    fs::File,
    io::{self, PipeReader, PipeWriter, stdin, stdout},
    os::fd::{AsFd, OwnedFd},
    process::Stdio,
};
use tokio::net::unix::pipe;

/// Takes standard input and output, which are pipes, and replaces them by `/dev/null`. Closing the
/// result is then the end of file for the other process.
pub(crate) fn standard_pipes() -> io::Result<(PipeReader, PipeWriter)> {
    let input = stdin().as_fd().try_clone_to_owned()?;
    let output = stdout().as_fd().try_clone_to_owned()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok((input.into(), output.into()))
}

/// Takes standard input, which is a socket, and replaces it by `/dev/null`.
pub(crate) fn standard_socket() -> io::Result<Stream> {
    let socket = stdin().as_fd().try_clone_to_owned()?;
    let null = File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(socket.into())
}

/// Registers the pipes with the event loop of the caller.
pub(crate) fn for_event_loop(
    reader: PipeReader,
    writer: PipeWriter,
) -> io::Result<(pipe::Receiver, pipe::Sender)> {
    let reader = pipe::Receiver::from_owned_fd(reader.into())?;
    Ok((reader, pipe::Sender::from_owned_fd(writer.into())?))
}

/// Converts a socket to a standard stream of a child process.
pub(crate) fn socket_as_stdio(stream: Stream) -> io::Result<Stdio> {
    Ok(OwnedFd::from(stream).into())
}

/// Registers the socket with the event loop of the caller.
pub(crate) fn socket_for_event_loop(stream: Stream) -> io::Result<local_socket::tokio::Stream> {
    stream.try_into()
}
