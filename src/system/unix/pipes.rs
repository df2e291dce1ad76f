//! Plain pipes and socket pairs, also as the standard streams of a process that was started
//! to use them.

use local_socket::Stream;
use std::{
    fs::File,
    io::{self, PipeReader, PipeWriter, stdin, stdout},
    os::fd::{AsFd, OwnedFd},
    process::Stdio,
};
use tokio::net::unix::pipe;

/// Takes standard input and output, which are pipes. What is left there is `/dev/null`, so
/// that closing them is noticed at their other ends.
pub(crate) fn standard_pipes() -> io::Result<(PipeReader, PipeWriter)> {
    let input = stdin().as_fd().try_clone_to_owned()?;
    let output = stdout().as_fd().try_clone_to_owned()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok((input.into(), output.into()))
}

/// Takes standard input, which is a socket.
pub(crate) fn standard_socket() -> io::Result<Stream> {
    let socket = stdin().as_fd().try_clone_to_owned()?;
    let null = File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(socket.into())
}

/// The same pipes for an event loop, in which this has to be called.
pub(crate) fn for_event_loop(
    reader: PipeReader,
    writer: PipeWriter,
) -> io::Result<(pipe::Receiver, pipe::Sender)> {
    let reader = pipe::Receiver::from_owned_fd(reader.into())?;
    Ok((reader, pipe::Sender::from_owned_fd(writer.into())?))
}

/// A socket as a process's standard stream.
pub(crate) fn socket_as_stdio(stream: Stream) -> io::Result<Stdio> {
    Ok(OwnedFd::from(stream).into())
}

/// The same socket for an event loop, in which this has to be called.
pub(crate) fn socket_for_event_loop(stream: Stream) -> io::Result<local_socket::tokio::Stream> {
    stream.try_into()
}
