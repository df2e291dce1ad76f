use super::socket::{Detached, Socket};
use local_socket::Stream;
use std::{
    io,
    process::{Command, ExitStatus, Stdio},
};
use tokio::process::Child;

/// Whether a command can have the connection as its standard input and output. Pipes are opened for
/// overlapped operations, which other programs do not expect of their standard streams.
pub(crate) const TAKES_SOCKETS: bool = false;

/// Fails with `Unsupported`; see [`TAKES_SOCKETS`].
pub(crate) fn exec_on(_: Command, _: Stream) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the exit status of a command; 255 if the exit code of the system is larger.
pub(crate) fn status(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Does nothing: commands do not inherit handles.
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn keep_descriptors() -> io::Result<()> {
    Ok(())
}

/// Fails with `Unsupported`; see [`TAKES_SOCKETS`].
pub(crate) fn start_on(_: Command, _: Detached) -> io::Result<Child> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Starts a command in an event loop. Returns the other end of its standard input and output.
pub(crate) fn start_joined(mut command: Command) -> io::Result<(Child, Socket)> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = tokio::process::Command::from(command).spawn()?;
    let socket = Socket::Command { input: child.stdin.take(), output: child.stdout.take() };
    Ok((child, socket))
}

/// Terminates a command: it cannot be asked to end.
pub(crate) fn ask_to_end(child: &mut Child) -> io::Result<()> {
    child.start_kill()
}
