use super::{
    pty::WindowSize,
    socket::{Detached, Socket},
};
use local_socket::Stream;
use lsock_startup::{Job, SUSPENDED, keep_standard_handles, resume};
use std::{
    env,
    ffi::OsStr,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};
use tokio::process::Child;

/// Whether a command can have the connection as its standard input and output. Pipes are opened for
/// overlapped operations, which other programs do not expect of their standard streams.
pub(crate) const TAKES_SOCKETS: bool = false;

/// Whether commands can be told that their client has closed.
pub(crate) const HAS_SIGHUP: bool = false;

/// Does nothing; see [`HAS_SIGHUP`].
pub(crate) fn take_hang_ups(_: &mut Command) {}

/// Fails with `Unsupported`; see [`HAS_SIGHUP`].
pub(crate) fn hang_up(_: &mut Process) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Ends a command and all processes that it has started.
pub(crate) fn end(process: &mut Process) -> io::Result<()> {
    ask_to_end(process)
}

/// Checks that `std` would find the program: at its path, or in the folder of this program, the
/// folders of the system and those of `PATH`. The ending `.exe` can be left out.
///
/// # Errors
/// `NotFound` if there is no such program, `IsADirectory` for a folder.
pub(crate) fn check_program(program: &OsStr) -> io::Result<()> {
    let mut longer = program.to_owned();
    longer.push(".exe");
    // Without following links: the links of packaged programs cannot be followed.
    let exists_in = |folder: &Path| {
        [program, &longer]
            .iter()
            .any(|name| folder.join(name).symlink_metadata().is_ok_and(|file| !file.is_dir()))
    };
    let path = Path::new(program);
    if path.components().count() > 1 || path.is_absolute() {
        return match exists_in(Path::new("")) {
            true => Ok(()),
            false if path.is_dir() => {
                Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"))
            }
            false => Err(io::Error::new(ErrorKind::NotFound, "no such file")),
        };
    }
    let own = env::current_exe().ok().and_then(|path| Some(path.parent()?.to_owned()));
    let root = env::var_os("SystemRoot").map(PathBuf::from);
    let of_system = root.map(|root| [root.join("System32"), root]).into_iter().flatten();
    let listed = env::var_os("PATH").unwrap_or_default();
    let mut folders = own.into_iter().chain(of_system).chain(env::split_paths(&listed));
    if folders.any(|folder| exists_in(&folder)) {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::NotFound, "no such program in PATH"))
}

/// Fails with `Unsupported`; see [`TAKES_SOCKETS`].
pub(crate) fn exec_on(_: Command, _: Stream) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// A running command. If it is dropped before it has ended, and when this process ends in any way,
/// the command and all processes that it has started are terminated.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// `None` if the system has no job for it.
    job: Option<Job>,
}

impl Process {
    /// Starts the command in an event loop. It runs only when it is in its job, and so are all processes
    /// that it starts.
    fn start(command: Command) -> io::Result<Self> {
        let job = Job::new();
        let child = tokio::process::Command::from(command).creation_flags(SUSPENDED).spawn()?;
        let pid = child.id().unwrap_or_default();
        let job = job.and_then(|job| job.add(pid).map(|()| job));
        let job = job.inspect_err(|error| {
            tracing::debug!(%error, "the processes that the command starts are not ended with it");
        });
        let mut process = Self { child, job: job.ok() };
        if let Err(error) = resume(pid) {
            // It would wait for ever.
            let _ = ask_to_end(&mut process);
            return Err(error);
        }
        Ok(process)
    }

    /// Waits until the command has ended. Processes that it has left running go on, as in a shell.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        if let Some(Err(error)) = self.job.take().map(Job::release) {
            tracing::debug!(%error, "job of a command not released");
        }
        Ok(status)
    }
}

/// Returns the exit status of a command, which has 32 bits.
pub(crate) fn status(status: ExitStatus) -> i32 {
    // It is missing only on other systems.
    status.code().unwrap_or(1)
}

/// Keeps the standard handles of this process from commands. Other handles are not inheritable.
pub(crate) fn keep_descriptors() -> io::Result<()> {
    keep_standard_handles()
}

/// Fails with `Unsupported`; see [`TAKES_SOCKETS`].
pub(crate) fn start_on(_: Command, _: Detached) -> io::Result<Process> {
    Err(ErrorKind::Unsupported.into())
}

/// Starts a command in an event loop. Returns the other end of its standard input and output.
pub(crate) fn start_joined(mut command: Command) -> io::Result<(Process, Socket)> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = Process::start(command)?;
    let (input, output) = (process.child.stdin.take(), process.child.stdout.take());
    Ok((process, Socket::Command { input, written: 0, output }))
}

/// Fails with `Unsupported`: there is no [`WindowSize`] here.
pub(crate) fn start_at_terminal(_: Command, size: &WindowSize) -> io::Result<(Process, Socket)> {
    match *size {}
}

/// Terminates a command and all processes that it has started: they cannot be asked to end.
pub(crate) fn ask_to_end(process: &mut Process) -> io::Result<()> {
    /// The exit code that `std` uses.
    const KILLED: u32 = 1;
    match &process.job {
        Some(job) => job.terminate(KILLED),
        None => process.child.start_kill(),
    }
}
