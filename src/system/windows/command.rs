use super::socket::{Detached, Socket};
use local_socket::Stream;
use std::{
    io,
    process::{Command, ExitStatus, Stdio},
};
use tokio::process::Child;

/// Whether a command can be given the connection itself: a pipe of ours is opened for
/// overlapped operations, which the standard streams of other programs are not.
pub(crate) const TAKES_SOCKETS: bool = false;

/// Is not called here.
pub(crate) fn become_on(_: Command, _: Stream) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The exit status that stands for how a command ended.
pub(crate) fn status(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Handles are inherited only where that was asked for.
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn keep_descriptors() -> io::Result<()> {
    Ok(())
}

/// Is not called here.
pub(crate) fn start_on(_: Command, _: Detached) -> io::Result<Child> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Starts a command in an event loop; gives the other end of its standard input and output.
pub(crate) fn start_joined(mut command: Command) -> io::Result<(Child, Socket)> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = tokio::process::Command::from(command).spawn()?;
    let socket = Socket::Command { input: child.stdin.take(), output: child.stdout.take() };
    Ok((child, socket))
}

/// Ends a command: there is no way to ask it.
pub(crate) fn ask_to_end(child: &mut Child) -> io::Result<()> {
    child.start_kill()
}
