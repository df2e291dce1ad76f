use local_socket::{Stream, os::unix::inherited::close_all_on_exec};
use shared_child::{SharedChild, unix::SharedChildExt};
use signal_hook::consts::SIGTERM;
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Command, ExitStatus, Stdio},
};

/// Starts the command with the socket itself as its standard input and output, and
/// without any other descriptor of ours but standard error.
pub(crate) fn spawn_on(mut command: Command, stream: Stream) -> io::Result<SharedChild> {
    join(&mut command, stream)?;
    SharedChild::spawn(&mut command)
}

/// Becomes the command, as [`spawn_on`]; returns only if that fails.
pub(crate) fn become_on(mut command: Command, stream: Stream) -> io::Result<()> {
    join(&mut command, stream)?;
    Err(command.exec())
}

/// Whether a command can be given the socket itself.
pub(crate) const TAKES_SOCKETS: bool = true;

fn join(command: &mut Command, stream: Stream) -> io::Result<()> {
    close_all_on_exec()?;
    let output = stream.as_fd().try_clone_to_owned()?;
    command.stdin(Stdio::from(OwnedFd::from(stream))).stdout(Stdio::from(output));
    Ok(())
}

/// Starts the command with pipes as its standard input and output, and without any other
/// descriptor of ours but standard error.
pub(crate) fn spawn_piped(mut command: Command) -> io::Result<SharedChild> {
    close_all_on_exec()?;
    SharedChild::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))
}

/// Asks a command to end.
pub(crate) fn terminate(child: &SharedChild) -> io::Result<()> {
    child.send_signal(SIGTERM)
}

/// The exit status that stands for how a command ended: 128 and its number for a signal,
/// as in a shell.
pub(crate) fn status(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}
