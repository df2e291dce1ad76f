use super::{
    descriptor_limit,
    pty::{Pty, WindowSize},
    signals,
    socket::{Detached, Socket},
};
use local_socket::Stream;
use lsock_startup::{close_all_on_exec, lead_session, reset_ignored_sigchld, reset_sighup};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rustix::{fs::Access, io::Errno};
use std::{
    env,
    ffi::OsStr,
    fs,
    io::{self, ErrorKind, Read as _},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};
use tokio::process::Child;

/// A running command.
pub(crate) type Process = Child;

/// The search path where `PATH` is not set (`exec(3)`).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Checks that `execvp(3)` would find the program and may execute it.
///
/// # Errors
/// `NotFound` if no such program is in `PATH` or at the path, `IsADirectory` for a folder,
/// `PermissionDenied` for a file that cannot be executed, `InvalidData` for a script whose
/// interpreter does not exist, or another error of `stat(2)`.
pub(crate) fn check_program(program: &OsStr) -> io::Result<()> {
    if program.as_bytes().contains(&b'/') {
        return check_file(Path::new(program));
    }
    let path = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let mut found = Err(io::Error::new(ErrorKind::NotFound, "no such program in PATH"));
    for folder in env::split_paths(&path) {
        match check_file(&folder.join(program)) {
            Ok(()) => return Ok(()),
            // The search goes on, and this is the error if nothing else is found.
            Err(error)
                if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidData) =>
            {
                found = Err(error);
            }
            Err(_) => {}
        }
    }
    found
}

fn check_file(path: &Path) -> io::Result<()> {
    let file = fs::metadata(path)?;
    if file.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    // If the permission is not known, the attempt to execute the file decides.
    if super::may(path, Access::EXEC_OK) == Some(false) {
        return Err(Errno::ACCESS.into());
    }
    // Opening a FIFO would wait for a writer.
    match file.is_file().then(|| interpreter(path)).flatten() {
        Some(interpreter) if is_missing(&interpreter) => {
            let interpreter = interpreter.display();
            let reason = format!("its interpreter {interpreter} does not exist");
            Err(io::Error::new(ErrorKind::InvalidData, reason))
        }
        _ => Ok(()),
    }
}

/// Returns the interpreter that a script names after `#!` (`execve(2)`); `None` for other files, and
/// for those that this user cannot read.
fn interpreter(script: &Path) -> Option<PathBuf> {
    /// Room for the longest path; systems examine less.
    const BEGINNING: u64 = 4096;
    let mut beginning = Vec::new();
    fs::File::open(script).ok()?.take(BEGINNING).read_to_end(&mut beginning).ok()?;
    let line = beginning.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = line.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
    Some(OsStr::from_bytes(words.next()?).into())
}

fn is_missing(path: &Path) -> bool {
    fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

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

/// Whether commands can be told that their client has closed.
pub(crate) const HAS_SIGHUP: bool = true;

/// Returns the exit status of a command; 128+n if signal n ended it, as in a shell.
pub(crate) fn status(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// Makes inherited descriptors close in commands. Descriptors that this process has opened always
/// do.
pub(crate) fn keep_descriptors() -> io::Result<()> {
    close_all_on_exec()
}

/// Starts the command in an event loop, with the socket as its standard input and output.
pub(crate) fn start_on(mut command: Command, socket: Detached) -> io::Result<Process> {
    make_room();
    socket.give_to(&mut command)?;
    start(command)
}

/// Starts a command in an event loop. Returns the socket that is connected to its standard input
/// and output.
pub(crate) fn start_joined(mut command: Command) -> io::Result<(Process, Socket)> {
    make_room();
    let socket = Socket::pair_with_command(&mut command)?;
    Ok((start(command)?, socket))
}

/// Starts a command in an event loop, at a terminal of its own. Returns a socket that leads to the
/// terminal.
///
/// # Errors
/// Those of `posix_openpt(3)`, or of the start.
pub(crate) fn start_at_terminal(
    mut command: Command,
    size: &WindowSize,
) -> io::Result<(Process, Socket)> {
    make_room();
    let (pty, socket) = Pty::open(&mut command, size)
        .map_err(|error| io::Error::new(error.kind(), format!("no terminal for it: {error}")))?;
    lead_session(&mut command);
    let process = start(command)?;
    pty.carry(process.id())?;
    Ok((process, socket))
}

/// Has the event loop close what it need not have: a start takes several descriptors.
fn make_room() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    super::event_loop::close_ended();
}

fn start(mut command: Command) -> io::Result<Process> {
    descriptor_limit::restore_in(&mut command);
    reset_ignored_sigchld()?;
    let _mask = signals::BlockedSignals::for_command();
    tokio::process::Command::from(command).spawn()
}

/// Asks a command to end.
pub(crate) fn ask_to_end(child: &mut Process) -> io::Result<()> {
    send(child, Signal::SIGTERM)
}

/// Has a command that is not started yet end by [`hang_up`], unless it handles that itself.
pub(crate) fn take_hang_ups(command: &mut Command) {
    reset_sighup(command);
}

/// Tells a command that its client has closed.
pub(crate) fn hang_up(child: &mut Process) -> io::Result<()> {
    send(child, Signal::SIGHUP)
}

/// Ends a command.
pub(crate) fn end(child: &mut Process) -> io::Result<()> {
    send(child, Signal::SIGKILL)
}

fn send(child: &Process, signal: Signal) -> io::Result<()> {
    // A command that has been waited for has no process ID.
    let Some(pid) = child.id().and_then(|id| id.try_into().ok()) else { return Ok(()) };
    Ok(kill(Pid::from_raw(pid), signal)?)
}
