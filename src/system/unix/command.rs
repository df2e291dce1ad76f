use super::{
    descriptor_limit, signals,
    socket::{Detached, Socket},
};
use local_socket::Stream;
use lsock_startup::{close_all_on_exec, reset_ignored_sigchld};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Command, ExitStatus, Stdio},
};
use tokio::process::Child;

/// Replaces this process by the command, with the socket as its standard input and output. Of the
/// other descriptors the command inherits only standard error. Returns only if it fails.
pub(crate) fn exec_on(mut command: Command, stream: Stream) -> io::Result<()> {
    close_all_on_exec()?;
    let output = stream.as_fd().try_clone_to_owned()?;
    command.stdin(Stdio::from(OwnedFd::from(stream))).stdout(Stdio::from(output));
    reset_ignored_sigchld()?;
    Err(command.exec())
}

/// Whether a command can have the socket as its standard input and output.
pub(crate) const TAKES_SOCKETS: bool = true;

/// Returns the exit status of a command; 128+n if signal n ended it, as in a shell.
pub(crate) fn status(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Makes inherited descriptors close in commands. Descriptors that this process has opened always
/// do.
pub(crate) fn keep_descriptors() -> io::Result<()> {
    close_all_on_exec()
}

/// Starts the command in an event loop, with the socket as its standard input and output.
pub(crate) fn start_on(mut command: Command, socket: Detached) -> io::Result<Child> {
    socket.give_to(&mut command)?;
    start(command)
}

/// Starts a command in an event loop. Returns the socket that is connected to its standard input
/// and output.
pub(crate) fn start_joined(mut command: Command) -> io::Result<(Child, Socket)> {
    let socket = Socket::pair_with_command(&mut command)?;
    Ok((start(command)?, socket))
}

fn start(mut command: Command) -> io::Result<Child> {
    descriptor_limit::restore_in(&mut command);
    reset_ignored_sigchld()?;
    let _mask = signals::BlockedSignals::for_command();
    tokio::process::Command::from(command).spawn()
}

/// Asks a command to end.
pub(crate) fn ask_to_end(child: &mut Child) -> io::Result<()> {
    // A command that has been waited for has no process ID.
    let Some(pid) = child.id().and_then(|id| id.try_into().ok()) else { return Ok(()) };
    Ok(kill(Pid::from_raw(pid), Signal::SIGTERM)?)
}
