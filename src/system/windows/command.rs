use super::socket::{Detached, Socket};
use local_socket::Stream;
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
    Err(ErrorKind::Unsupported.into())
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
