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

/// Replaces this process by the command, with the socket itself as its standard input and output,
/// and without any other descriptor of ours but standard error. Returns only if that fails.
pub(crate) fn become_on(mut command: Command, stream: Stream) -> io::Result<()> {
    close_all_on_exec()?;
    let output = stream.as_fd().try_clone_to_owned()?;
    command.stdin(Stdio::from(OwnedFd::from(stream))).stdout(Stdio::from(output));
    reset_ignored_sigchld()?;
    Err(command.exec())
}

/// Whether a command can be given the socket itself.
pub(crate) const TAKES_SOCKETS: bool = true;

/// The exit status that stands for how a command ended: 128 and its number for a signal,
/// as in a shell.
pub(crate) fn status(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Keeps every descriptor that came with the process from the commands that it starts; its
/// own ones are kept from them since they are open.
pub(crate) fn keep_descriptors() -> io::Result<()> {
    close_all_on_exec()
}

/// Starts the command, in an event loop, with the socket itself as its standard input and output.
pub(crate) fn start_on(mut command: Command, socket: Detached) -> io::Result<Child> {
    socket.give_to(&mut command)?;
    start(command)
}

/// Starts a command in an event loop; gives the other end of its standard input and output.
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
    // Without a number it has ended and been waited for.
    let Some(pid) = child.id().and_then(|id| id.try_into().ok()) else { return Ok(()) };
    Ok(kill(Pid::from_raw(pid), Signal::SIGTERM)?)
}
